# A pool for the tests, in the folder `scratch` of the directory that they are run in. The folder has to be there.
terraform {
  required_providers {
    holdfast = {
      source = "holdfast/holdfast"
    }
  }
}

resource "holdfast_pool" "scratch" {
  name = "module-volume"
  kind = "directory"
  path = "${path.cwd}/scratch"
}

output "pool" {
  value = holdfast_pool.scratch.name
}
