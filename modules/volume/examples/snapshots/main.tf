# A volume with a snapshot, and a second volume that begins with what the snapshot holds.
module "production" {
  source = "../.."

  name      = "production"
  size      = "20G"
  pool      = "fast"
  snapshots = ["before-upgrade"]
}

module "staging" {
  source = "../.."

  name                = "staging"
  size                = "20G"
  pool                = "fast"
  source_snapshot     = module.production.snapshot_ids["before-upgrade"]
  deletion_protection = false
}
