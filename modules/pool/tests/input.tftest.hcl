# What is refused before anything is asked of a daemon.
mock_provider "holdfast" {}

run "neither_path_nor_devices" {
  command = plan

  variables {
    name = "module-pool"
  }

  expect_failures = [holdfast_pool.this]
}

run "both_path_and_devices" {
  command = plan

  variables {
    name    = "module-pool"
    path    = "/srv/pool"
    devices = ["/dev/vdb"]
  }

  expect_failures = [holdfast_pool.this]
}

run "an_empty_list_of_devices" {
  command = plan

  variables {
    name    = "module-pool"
    devices = []
  }

  expect_failures = [var.devices]
}
