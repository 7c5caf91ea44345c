output "id" {
  description = "The node's id."
  value       = holdfast_node.this.node_id
}

output "name" {
  description = "The node's name; pools that take it from here are made after the node and destroyed before it."
  value       = holdfast_node.this.name
}

output "endpoint" {
  description = "REST endpoint of the node."
  value       = "https://${holdfast_node.this.address}"
}

output "status" {
  description = "ready, unavailable, draining, drained or incomplete."
  value       = holdfast_node.this.status
}

output "last_copies" {
  description = "Volumes of which no other node that lives has a copy: while there are any, the node is not destroyed."
  value       = holdfast_node.this.last_copies
}
