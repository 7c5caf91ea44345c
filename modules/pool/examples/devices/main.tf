# A pool on two empty disks, for volumes that ask for the class "fast".
module "pool" {
  source = "../.."

  name    = "fast"
  devices = ["/dev/nvme1n1", "/dev/nvme2n1"]
  class   = "fast"
}

output "instant_snapshots" {
  value = module.pool.reflink
}
