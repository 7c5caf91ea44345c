output "id" {
  description = "The pool's id."
  value       = holdfast_pool.this.id
}

output "name" {
  description = "The pool's name; volumes that take it from here are made after the pool and destroyed before it."
  value       = holdfast_pool.this.name
}

output "capacity_bytes" {
  description = "What the filesystems below the pool can hold."
  value       = holdfast_pool.this.capacity_bytes
}

output "reflink" {
  description = "Whether snapshots and clones are instant and share blocks in this pool."
  value       = holdfast_pool.this.reflink
}
