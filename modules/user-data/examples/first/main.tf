# The first node, from a package that is in the machine's image.
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

module "n1" {
  source = "../.."

  name    = "n1"
  address = "10.77.0.11"
  zone    = "rack-1"

  package = {
    file = "/opt/holdfast_0.1.0_amd64.deb"
  }

  init = {
    cluster   = "prod"
    admin_csr = var.admin_csr
  }
}

output "user_data" {
  description = "For the user_data of an instance."
  value       = module.n1.user_data
}
