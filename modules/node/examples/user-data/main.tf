# A machine that nobody reaches over SSH makes itself a node when it starts. Its join token comes from where only it may
# read; it is in no state and in no document.
terraform {
  required_providers {
    holdfast = {
      source = "holdfast/holdfast"
    }
  }
}

output "user_data" {
  description = "For the user_data of an instance."
  value = provider::holdfast::user_data(
    jsonencode({
      name      = "n4"
      advertise = "10.77.0.14"
      zone      = "rack-1"
      cluster   = { join = { endpoints = ["https://10.77.0.11:7480"] } }
    }),
    "apt:0.1.0",
    "",
    "cat /etc/machine-secrets/holdfast-join-token",
  )
}
