# Another machine for a cluster that is managed elsewhere.
terraform {
  required_providers {
    holdfast = {
      source = "holdfast/holdfast"
    }
  }
}

provider "holdfast" {
  ssh = {
    user = "admin"
  }
}

module "n4" {
  source = "../.."

  cluster = {
    cluster_id = "clu_01JD9Z3QK7W5T8X2M4N6P0R1SA"
    ca_sha256  = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
    endpoints  = ["https://10.77.0.11:7480"]
    hosts      = [{ host = "10.77.0.11" }]
  }

  name = "n4"
  host = "10.77.0.14"
  zone = "rack-1"
}
