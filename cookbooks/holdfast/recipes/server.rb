#
# Makes the machine what node['holdfast'] says: a node of a cluster, with its pools.
#
include_recipe 'holdfast::default'

join = node['holdfast']['cluster']['join']

holdfast_node(node['holdfast']['node']['name'] || node['hostname'].downcase) do
  advertise node['holdfast']['node']['advertise'] || node['ipaddress']
  listen node['holdfast']['node']['listen'] unless node['holdfast']['node']['listen'].nil?
  zone node['holdfast']['node']['zone']
  labels node['holdfast']['node']['labels']
  roles node['holdfast']['node']['roles'] unless node['holdfast']['node']['roles'].nil?
  settings node['holdfast']['node']['settings']
  cluster_init node['holdfast']['cluster']['init'] unless node['holdfast']['cluster']['init'].nil?
  join_endpoints join['endpoints']
  join_token_file join['token_file'] unless join['token_file'].nil?
  join_token_item join['token_item'] unless join['token_item'].nil?
  store node['holdfast']['cluster']['store'] unless node['holdfast']['cluster']['store'].nil?
end

node['holdfast']['pools'].each do |name, wanted|
  holdfast_pool name do
    kind wanted['kind'] unless wanted['kind'].nil?
    path wanted['path'] unless wanted['path'].nil?
    devices wanted['devices'] unless wanted['devices'].nil?
    ebs_volumes wanted['ebs_volumes'] unless wanted['ebs_volumes'].nil?
    export wanted['export'] unless wanted['export'].nil?
    pool_class wanted['class'] unless wanted['class'].nil?
    overcommit wanted['overcommit'] unless wanted['overcommit'].nil?
    labels wanted['labels'] unless wanted['labels'].nil?
  end
end
