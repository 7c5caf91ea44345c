# A cluster on machines of your own, its pools, and a volume, in one apply. What differs from place to place is in the
# variables; for the machines of `make lab` the defaults fit, but for the devices.
terraform {
  required_version = ">= 1.8"

  required_providers {
    holdfast = {
      source = "holdfast/holdfast"
    }
  }
}

# Reaches machines.
provider "holdfast" {
  ssh = {
    user              = var.ssh_user
    private_key_file  = var.ssh_key_file
    known_hosts_files = var.known_hosts_files
  }
}

# Reaches the cluster that they become. All of it follows from outputs that depend on every node.
provider "holdfast" {
  alias              = "data"
  endpoint           = module.cluster.endpoint
  ca_certificate     = module.cluster.ca_certificate
  client_certificate = module.cluster.admin_certificate
  client_key_file    = var.admin_key_file
  owner              = "examples/onprem"
}

module "cluster" {
  source = "../../modules/cluster"

  name    = "onprem"
  first   = var.first
  nodes   = var.nodes
  package = var.package
  admin   = { csr = file(var.admin_csr_file) }
}

resource "holdfast_pool" "main" {
  provider = holdfast.data
  for_each = var.devices

  name    = "pool-${each.key}"
  node    = each.key
  devices = each.value
}

resource "holdfast_volume" "web" {
  provider = holdfast.data

  name = "web"
  size = "300M"

  placement = {
    node = "n2"
  }

  # An example: `destroy` may take it, with what is in it. Without these lines it may not.
  deletion_protection = false
  trash_retention     = "0"

  depends_on = [holdfast_pool.main]
}

output "endpoint" {
  description = "For HOLDFAST_ENDPOINT."
  value       = module.cluster.endpoint
}

output "ca_certificate" {
  description = "For the file that HOLDFAST_CA_FILE names."
  value       = module.cluster.ca_certificate
}

output "admin_certificate" {
  description = "For the file that HOLDFAST_CERT_FILE names."
  value       = module.cluster.admin_certificate
}
