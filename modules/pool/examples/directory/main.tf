# A pool in a directory that is there already.
module "pool" {
  source = "../.."

  name = "local"
  path = "/var/lib/holdfast/pools/local"
}

output "pool" {
  value = module.pool.name
}
