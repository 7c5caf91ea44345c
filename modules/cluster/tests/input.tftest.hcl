# What is refused before anything is asked of a machine, and what follows from the input.
mock_provider "holdfast" {
  mock_resource "holdfast_cluster" {
    defaults = {
      endpoints = ["https://10.77.0.11:7480"]
      bootstrap = {
        cluster_id = "clu_01JD9Z3QK7W5T8X2M4N6P0R1SA"
        ca_sha256  = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
        endpoints  = ["https://10.77.0.11:7480"]
        store      = { kind = "etcd" }
      }
    }
  }
}

variables {
  name  = "prod"
  first = "n1"
}

run "the_first_is_one_of_the_nodes" {
  command = plan

  variables {
    nodes = { n2 = { host = "10.77.0.12" } }
  }

  expect_failures = [var.nodes]
}

run "two_control_nodes_are_no_majority" {
  command = plan

  variables {
    nodes = {
      n1 = { host = "10.77.0.11", roles = ["control", "storage"] }
      n2 = { host = "10.77.0.12", roles = ["control"] }
    }
  }

  expect_failures = [var.nodes]
}

run "a_first_node_and_others" {
  command = apply

  variables {
    nodes = {
      n1 = { host = "10.77.0.11", roles = ["control", "storage"] }
      n2 = { host = "10.77.0.12", roles = ["control"], address = "10.77.0.12:7480" }
      n3 = { host = "10.77.0.13", roles = ["control"], address = "10.77.0.13:7480" }
      n4 = { host = "10.77.0.14", address = "10.77.0.14:7480" }
    }
  }

  assert {
    condition     = holdfast_cluster.this.node.name == "n1" && length(holdfast_cluster.this.control_hosts) == 2
    error_message = "The first node, and the other control nodes as ways to the cluster."
  }

  assert {
    condition     = toset(keys(module.node)) == toset(["n2", "n3", "n4"])
    error_message = "Every node but the first joins."
  }

  assert {
    condition     = output.endpoint == "https://10.77.0.11:7480,https://10.77.0.12:7480,https://10.77.0.13:7480,https://10.77.0.14:7480"
    error_message = "The endpoint names every node: ${output.endpoint}"
  }
}
