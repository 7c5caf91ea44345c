# One pool: a directory when `path` is given, block devices when `devices` are.
resource "holdfast_pool" "this" {
  name       = var.name
  kind       = var.path == null ? "device" : "directory"
  path       = var.path
  devices    = var.devices
  force      = var.force
  overcommit = var.overcommit
  class      = var.class
  labels     = var.labels

  lifecycle {
    precondition {
      condition     = (var.devices == null) != (var.path == null)
      error_message = "A pool is either in a directory (path) or on block devices (devices): give exactly one of the two."
    }
  }
}
