# The cluster and what is in it, in one apply: two configurations of the provider. The first reaches machines, the second
# the cluster; it is made of outputs that depend on all nodes.
terraform {
  required_providers {
    holdfast = {
      source = "holdfast/holdfast"
    }
  }
}

variable "admin_csr" {
  description = "Made beside the key: holdfast cert request --name admin --key admin.key --out admin.csr"
  type        = string
}

provider "holdfast" {
  ssh = {
    private_key_file = "~/.ssh/id_ed25519"
  }
}

provider "holdfast" {
  alias              = "data"
  endpoint           = module.cluster.endpoint
  ca_certificate     = module.cluster.ca_certificate
  client_certificate = module.cluster.admin_certificate
  client_key_file    = "admin.key"
  owner              = "prod"
}

module "cluster" {
  source = "../.."

  name  = "prod"
  first = "n1"

  nodes = {
    n1 = { host = "10.77.0.11", zone = "rack-1", roles = ["control", "storage"] }
    n2 = { host = "10.77.0.12", zone = "rack-2" }
  }

  package = { apt = "0.1.0" }
  admin   = { csr = var.admin_csr }
}

resource "holdfast_pool" "bulk" {
  provider = holdfast.data
  for_each = toset(["n1", "n2"])

  name = "bulk-${each.key}"
  node = each.key
  path = "/srv/holdfast"
}

resource "holdfast_volume" "db" {
  provider = holdfast.data

  name = "db"
  size = "10G"

  placement = {
    zones = ["rack-2"]
  }

  depends_on = [holdfast_pool.bulk]
}
