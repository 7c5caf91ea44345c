# Needs a daemon at HOLDFAST_ENDPOINT, and a folder `scratch` here. Everything that the tests make may be thrown away.
variables {
  name                = "module-web"
  size                = "320M"
  deletion_protection = false
  trash_retention     = "0"
}

run "setup" {
  module {
    source = "./tests/setup"
  }
}

run "a_volume_is_made" {
  variables {
    pool = run.setup.pool
  }

  assert {
    condition     = startswith(output.id, "vol_") && output.name == "module-web" && output.size_bytes == 335544320
    error_message = "The volume has no id, or not the name and size that were asked for."
  }

  assert {
    condition     = holdfast_volume.this.fs == "xfs"
    error_message = "A volume of 320 MiB gets XFS when nothing is said."
  }
}

run "a_bigger_number_grows_it_in_place" {
  variables {
    pool = run.setup.pool
    size = "512M"
  }

  assert {
    condition     = output.size_bytes == 536870912 && output.id == run.a_volume_is_made.id
    error_message = "The volume was replaced, or did not grow."
  }
}

run "a_snapshot_is_taken" {
  variables {
    pool      = run.setup.pool
    size      = "512M"
    snapshots = ["monday"]
  }

  assert {
    condition     = startswith(output.snapshot_ids["monday"], "snap_") && output.id == run.a_volume_is_made.id
    error_message = "There is no snapshot, or the volume was replaced."
  }
}
