# One volume, and the snapshots of it that should be there.
resource "holdfast_volume" "this" {
  name                = var.name
  size                = var.size
  pool                = var.pool
  class               = var.class
  fs                  = var.filesystem
  labels              = var.labels
  deletion_protection = var.deletion_protection
  trash_retention     = var.trash_retention
  if_trashed          = var.if_trashed
  source_snapshot     = var.source_snapshot
}

resource "holdfast_snapshot" "this" {
  for_each = var.snapshots

  name   = each.key
  volume = holdfast_volume.this.id
}
