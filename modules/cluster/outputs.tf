# Every output that a second configuration of the provider is made of depends on all nodes: so volumes and pools are made
# when the whole cluster is there, and destroyed before the first node of it goes.
output "cluster_id" {
  description = "The cluster's id."
  value       = holdfast_cluster.this.cluster_id
}

output "endpoint" {
  description = "For the provider's endpoint: every node, with commas between."
  value       = join(",", concat(holdfast_cluster.this.endpoints, [for node in module.node : node.endpoint]))
  depends_on  = [module.node]
}

output "ca_certificate" {
  description = "For the provider's ca_certificate."
  value       = holdfast_cluster.this.ca_certificate
  depends_on  = [module.node]
}

output "admin_certificate" {
  description = "For the provider's client_certificate: the administrator's certificate. Not secret."
  value       = holdfast_cluster.this.admin_certificate
  depends_on  = [module.node]
}

output "bootstrap" {
  description = "What further nodes need to join: the input cluster of the module node."
  value       = holdfast_cluster.this.bootstrap
}

output "nodes" {
  description = "The names of the nodes; pools that take them from here come after all nodes."
  value       = concat([holdfast_cluster.this.node.name], [for node in module.node : node.name])
  depends_on  = [module.node]
}
