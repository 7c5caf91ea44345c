variable "name" {
  description = "What containers call the volume."
  type        = string
}

variable "size" {
  description = "At least this big, such as \"10G\" (binary units). Raising it grows the volume live; lowering it is refused."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+[KkMmGgTtPp]([Ii]?[Bb])?$", var.size))
    error_message = "size is a whole number with a unit, such as \"512M\", \"10G\" or \"2TiB\"."
  }
}

variable "pool" {
  description = "The name of the pool. Without it the daemon chooses one with room, of the wanted class."
  type        = string
  default     = null
}

variable "class" {
  description = "The class of pool to choose from."
  type        = string
  default     = null
}

variable "filesystem" {
  description = "\"xfs\" or \"ext4\". Without it: xfs, or ext4 below 300 MB."
  type        = string
  default     = null

  validation {
    condition     = var.filesystem == null || contains(["xfs", "ext4"], coalesce(var.filesystem, "xfs"))
    error_message = "filesystem is \"xfs\" or \"ext4\"."
  }
}

variable "labels" {
  description = "Labels of the volume."
  type        = map(string)
  default     = null
}

variable "deletion_protection" {
  description = "Destroying is refused until this is false and applied. Without it: the provider's default, which is true."
  type        = bool
  default     = null
}

variable "trash_retention" {
  description = "How long the data is kept after destroy, such as \"7d\"; \"0\" keeps nothing."
  type        = string
  default     = null
}

variable "if_trashed" {
  description = "What creating does about a volume of the same name in the trash: \"refuse\", \"restore\" or \"new\"."
  type        = string
  default     = null
}

variable "source_snapshot" {
  description = "Begin with what this snapshot (its id) holds; counts at creation only."
  type        = string
  default     = null
}

variable "snapshots" {
  description = "Names of the snapshots that should be there; each is taken once, when it is first applied."
  type        = set(string)
  default     = []
}
