# Three machines that need nothing but sshd.
terraform {
  required_providers {
    holdfast = {
      source = "holdfast/holdfast"
    }
  }
}

provider "holdfast" {
  ssh = {
    private_key_file = "~/.ssh/id_ed25519"
  }
}

module "cluster" {
  source = "../.."

  name  = "prod"
  first = "n1"

  nodes = {
    n1 = { host = "10.77.0.11", zone = "rack-1", roles = ["control", "storage"] }
    n2 = { host = "10.77.0.12", zone = "rack-2", roles = ["control", "storage"] }
    n3 = { host = "10.77.0.13", zone = "rack-3", roles = ["control", "storage"] }
  }

  package = { apt = "0.1.0" }
}
