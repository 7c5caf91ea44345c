# A machine that nobody reaches over SSH joins a cluster when it first starts. The join token comes from a secret store
# that only this machine may read; it is in no state and in no document.
terraform {
  required_providers {
    holdfast = {
      source = "holdfast/holdfast"
    }
  }
}

module "n4" {
  source = "../.."

  name    = "n4"
  address = "10.77.0.14"
  zone    = "rack-1"

  package = {
    url    = "https://packages.example/holdfast_0.1.0_amd64.deb"
    sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
  }

  join = {
    endpoints     = ["https://10.77.0.11:7480"]
    token_command = "aws ssm get-parameter --name /holdfast/n4 --with-decryption --query Parameter.Value --output text"
  }

  pools = [{ name = "pool-n4", devices = ["/dev/nvme1n1"] }]
}

output "user_data" {
  description = "For the user_data of an instance."
  value       = module.n4.user_data
}
