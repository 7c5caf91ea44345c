# What a machine runs when it first starts, to make itself a node without SSH: the package and the same converge.
locals {
  # What is not given is left out: its default is Holdfast's.
  node = { for key, value in {
    name      = var.name
    advertise = var.address
    zone      = var.zone
    labels    = var.labels
    roles     = var.roles
    cluster   = local.cluster
    pools     = length(var.pools) == 0 ? null : [for pool in var.pools : { for key, value in pool : key => value if value != null }]
  } : key => value if value != null }

  cluster = merge(
    var.init == null ? null : { init = merge({ name = var.init.cluster }, var.init.admin_csr == null ? null : { admin = { name = "admin", csr = var.init.admin_csr } }) },
    var.join == null ? null : { join = merge({ endpoints = var.join.endpoints }, var.join.token_file == null ? null : { token_file = var.join.token_file }) },
  )
}
