# What is refused before anything is asked of a daemon.
mock_provider "holdfast" {}

run "a_size_without_a_unit" {
  command = plan

  variables {
    name = "module-web"
    size = "10"
  }

  expect_failures = [var.size]
}

run "an_unknown_filesystem" {
  command = plan

  variables {
    name       = "module-web"
    size       = "10G"
    filesystem = "ntfs"
  }

  expect_failures = [var.filesystem]
}
