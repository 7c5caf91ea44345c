output "id" {
  description = "The volume's id."
  value       = holdfast_volume.this.id
}

output "name" {
  description = "What containers call the volume."
  value       = holdfast_volume.this.name
}

output "size_bytes" {
  description = "The real size of the volume."
  value       = holdfast_volume.this.size_bytes
}

output "snapshot_ids" {
  description = "The id of each snapshot, by name."
  value       = { for name, snapshot in holdfast_snapshot.this : name => snapshot.id }
}
