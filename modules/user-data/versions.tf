terraform {
  # Functions of providers came with 1.8.
  required_version = ">= 1.8"

  required_providers {
    holdfast = {
      source = "holdfast/holdfast"
    }
  }
}
