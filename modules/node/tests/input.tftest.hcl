# What is refused, and what follows, before anything is asked of a machine.

variables {
  name = "n2"
  host = "10.77.0.12"
  cluster = {
    cluster_id = "clu_01JD9Z3QK7W5T8X2M4N6P0R1SA"
    ca_sha256  = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
    endpoints  = ["https://10.77.0.11:7480"]
    hosts      = [{ host = "10.77.0.11" }]
  }
}

run "a_role_that_is_none" {
  command = plan

  variables {
    roles = ["worker"]
  }

  expect_failures = [var.roles]
}

run "a_node_with_what_it_is_by_default" {
  command = plan

  assert {
    condition     = holdfast_node.this.roles == toset(["storage"]) && holdfast_node.this.zone == "" && holdfast_node.this.on_destroy == "drain"
    error_message = "A node stores, is in no zone, and is drained before it goes."
  }
}
