# What the document says, and what is refused. Nothing is asked of a machine or a daemon.
variables {
  name    = "n4"
  address = "10.77.0.14"
  zone    = "rack-1"
  package = { apt = "0.1.0" }
  join = {
    endpoints     = ["https://10.77.0.11:7480"]
    token_command = "cat /run/join-token"
  }
}

run "a_machine_that_joins" {
  command = plan

  assert {
    condition     = startswith(output.user_data, "#!/bin/sh\n") && strcontains(output.user_data, "HOLDFAST_JOIN_TOKEN=$(cat /run/join-token)")
    error_message = "A script that reads the token where it is: ${output.user_data}"
  }

  assert {
    condition = jsondecode(regex("(?s)<<'HOLDFAST_NODE_JSON'\n(.*)\nHOLDFAST_NODE_JSON", output.user_data)[0]) == {
      name = "n4", advertise = "10.77.0.14", zone = "rack-1", cluster = { join = { endpoints = ["https://10.77.0.11:7480"] } }
    }
    error_message = "Only what was given is in node.json: ${output.user_data}"
  }
}

run "the_first_machine" {
  command = plan

  variables {
    name    = "n1"
    labels  = { disk = "ssd" }
    roles   = ["control"]
    package = { file = "/opt/holdfast.deb" }
    join    = null
    init    = { cluster = "prod", admin_csr = "CSR" }
    pools   = [{ name = "pool-n1", devices = ["/dev/vdb"] }]
  }

  assert {
    condition = jsondecode(regex("(?s)<<'HOLDFAST_NODE_JSON'\n(.*)\nHOLDFAST_NODE_JSON", output.user_data)[0]) == {
      name    = "n1", advertise = "10.77.0.14", zone = "rack-1", labels = { disk = "ssd" }, roles = ["control"],
      cluster = { init = { name = "prod", admin = { name = "admin", csr = "CSR" } } },
      pools   = [{ name = "pool-n1", devices = ["/dev/vdb"] }]
    }
    error_message = "All that was given is in node.json: ${output.user_data}"
  }

  assert {
    condition     = strcontains(output.user_data, "apt install '/opt/holdfast.deb'") && !strcontains(output.user_data, "HOLDFAST_JOIN_TOKEN")
    error_message = "The package that is on the machine, and no token: ${output.user_data}"
  }
}

run "a_token_in_a_file" {
  command = plan

  variables {
    join = { endpoints = ["https://10.77.0.11:7480"], token_file = "/run/join-token" }
  }

  assert {
    condition     = strcontains(output.user_data, "\"token_file\": \"/run/join-token\"") && !strcontains(output.user_data, "HOLDFAST_JOIN_TOKEN")
    error_message = "Converge reads the file by itself: ${output.user_data}"
  }
}

run "first_or_joining_not_both" {
  command = plan

  variables {
    init = { cluster = "prod" }
  }

  expect_failures = [var.join]
}

run "one_way_to_the_token" {
  command = plan

  variables {
    join = { endpoints = ["https://10.77.0.11:7480"] }
  }

  expect_failures = [var.join]
}

run "a_package_from_a_url_is_checked" {
  command = plan

  variables {
    package = { url = "https://packages.example/holdfast.deb" }
  }

  expect_failures = [var.package]
}
