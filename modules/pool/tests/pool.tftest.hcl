# Needs a daemon at HOLDFAST_ENDPOINT, and a folder `scratch` here.
run "setup" {
  module {
    source = "./tests/setup"
  }
}

run "a_directory_becomes_a_pool" {
  variables {
    name   = "module-pool"
    path   = run.setup.scratch
    class  = "test"
    labels = { suite = "modules" }
  }

  assert {
    condition     = output.name == "module-pool" && startswith(output.id, "pool_")
    error_message = "The pool has no name or id of its own."
  }

  assert {
    condition     = holdfast_pool.this.kind == "directory" && holdfast_pool.this.class == "test"
    error_message = "The pool is not of the kind and class that were asked for."
  }

  assert {
    condition     = output.capacity_bytes > 0
    error_message = "The pool reports no capacity."
  }
}

run "its_overcommit_changes_in_place" {
  variables {
    name       = "module-pool"
    path       = run.setup.scratch
    class      = "test"
    labels     = { suite = "modules" }
    overcommit = 2
  }

  assert {
    condition     = output.id == run.a_directory_becomes_a_pool.id && holdfast_pool.this.overcommit == 2
    error_message = "The pool was replaced, or kept its overcommit."
  }
}
