# A cluster: its first node, and all others, which join at the same time.
locals {
  # The first node of the cluster stays the first, whatever nodes are added.
  others = { for name, node in var.nodes : name => node if name != var.first }
  first  = var.nodes[var.first]
  # Further control nodes, through which nodes are joined and removed while the first one is down.
  control_hosts = [for name, node in local.others : { host = node.host, port = node.port, user = node.user, host_key = node.host_key } if contains(coalesce(node.roles, []), "control")]
}

resource "holdfast_cluster" "this" {
  name = var.name

  node = {
    name     = var.first
    host     = local.first.host
    port     = local.first.port
    user     = local.first.user
    host_key = local.first.host_key
    address  = local.first.address
    zone     = local.first.zone
    labels   = local.first.labels
    roles    = local.first.roles
  }

  control_hosts = local.control_hosts
  package       = var.package
  store         = var.store
  from_embedded = var.from_embedded
  admin         = var.admin
  on_destroy    = var.on_destroy
}

module "node" {
  source   = "../node"
  for_each = local.others

  cluster    = holdfast_cluster.this.bootstrap
  name       = each.key
  host       = each.value.host
  port       = each.value.port
  user       = each.value.user
  host_key   = each.value.host_key
  address    = each.value.address
  zone       = each.value.zone
  labels     = each.value.labels
  roles      = each.value.roles
  package    = var.package
  machine_id = each.value.machine_id
  on_destroy = each.value.on_destroy
}
