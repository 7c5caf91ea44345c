# One machine that joins a cluster.
resource "holdfast_node" "this" {
  cluster    = var.cluster
  name       = var.name
  host       = var.host
  port       = var.port
  user       = var.user
  host_key   = var.host_key
  address    = var.address
  zone       = var.zone
  labels     = var.labels
  roles      = var.roles
  package    = var.package
  machine_id = var.machine_id
  on_destroy = var.on_destroy
}
