# A machine as a node of a Holdfast cluster. What has to be done is asked of `holdfast node converge --plan`, and done by
# `holdfast node converge`: the same way in that Terraform takes.
resource_name :holdfast_node
provides :holdfast_node
unified_mode true

description 'Brings this machine into a Holdfast cluster and keeps it as described.'

property :node_name, String, name_property: true, regex: /\A[a-z0-9][a-z0-9._-]{0,62}\z/, description: 'Name of the node.'
property :advertise, String, description: 'Host, or host:port, where others reach it. The port is 7480 when none is given.'
property :listen, String, description: 'Address and port to listen on. Default: all addresses, port 7480.'
property :zone, String, default: '', description: 'Failure domain, such as a rack.'
property :labels, Hash, default: {}, coerce: proc { |value| HoldfastCookbook::CommandLine.labels(value) }, description: 'Labels of the node.'
property :roles, Array, coerce: proc { |value| HoldfastCookbook::CommandLine.plain(value) }, description: 'control, storage or both. Default: both on the first machine, storage on the others.'
property :settings, Hash, default: {}, coerce: proc { |value| HoldfastCookbook::CommandLine.plain(value) }, description: 'Further settings of holdfastd.json.'
property :cluster_init, Hash, coerce: proc { |value| HoldfastCookbook::CommandLine.plain(value) }, description: 'On the first machine: name, from_embedded, admin.'
property :join_endpoints, Array, default: [], coerce: proc { |value| HoldfastCookbook::CommandLine.plain(value) }, description: 'https:// endpoints of nodes that are there.'
property :join_token, String, sensitive: true, desired_state: false, description: 'The one-time token itself, when it comes from a store of secrets of your own.'
property :join_token_item, Hash, coerce: proc { |value| HoldfastCookbook::CommandLine.plain(value) }, desired_state: false, description: 'Or the encrypted data bag item that holds it: bag, item, key. It is read when the machine joins, and may be gone afterwards.'
property :join_token_file, String, desired_state: false, description: 'Or a file on the machine that holds it.'
property :store, Hash, coerce: proc { |value| HoldfastCookbook::CommandLine.plain(value) }, description: 'Control store. Default: etcd, run by Holdfast.'
property :pools, Array, default: [], coerce: proc { |value| HoldfastCookbook::CommandLine.plain(value) }, description: 'Pools of the machine, as in node.json. Or use holdfast_pool.'
property :config_path, String, default: '/etc/holdfast/node.json', desired_state: false, description: 'Where its description is kept.'
property :abandon, [true, false], default: false, desired_state: false, description: 'remove: give up for lost what only this node holds.'
property :pending, Array, default: [], desired_state: false, description: 'What converge would do. Set by Chef, not by you.'
property :obstacle, String, desired_state: false, description: 'Why it cannot be planned. Set by Chef, not by you.'

# It runs in the resource, as the actions do in their provider.
include HoldfastCookbook::CommandLine

# Chef asks before an action and after it, whatever the action: what cannot be planned is no obstacle to leaving.
load_current_value do |wanted|
  current_value_does_not_exist! if !holdfast_installed? || ([wanted.action].flatten & %i(create nothing)).empty?

  begin
    plan = holdfast_plan(wanted)
    pending plan['changes'].reject { |change| change['action'] == 'none' }
    unless plan['node'].nil?
      zone plan['node']['zone']
      labels plan['node']['labels']
      roles plan['node']['roles']
    end
  rescue RuntimeError => error
    obstacle error.message
  end
end

# Installs what is missing, joins, and applies what differs.
action :create do
  raise current_resource.obstacle unless current_resource.nil? || current_resource.obstacle.nil?

  directory ::File.dirname(new_resource.config_path) do
    recursive true
  end

  file new_resource.config_path do
    content HoldfastCookbook::CommandLine.document(new_resource)
    owner 'root'
    group 'root'
    mode '0600'
  end

  # Without the package (in why-run mode: it would have been installed) nothing more is known.
  changes = current_resource.nil? ? nil : current_resource.pending
  unless changes == []
    converge_by(changes.nil? ? ["bring node #{new_resource.node_name} into its cluster"] : changes.map { |change| HoldfastCookbook::CommandLine.describe(change) }) do
      joins = changes.nil? || changes.any? { |change| change['what'] == 'join' }
      holdfast_run('node', 'converge', '--config', new_resource.config_path, '-o', 'json', environment: joins ? token_environment : {})
    end
  end
end

# Takes no new work; ends when nothing is attached on the node any more.
action :drain do
  record = node_record
  unless record.nil? || record['status']['state'] == 'drained'
    converge_by("drain node #{new_resource.node_name}") do
      holdfast_run('node', 'drain', new_resource.node_name)
    end
  end
end

# Takes the node out of its cluster and, on the node itself, stops its services and forgets its description. Deletes no data.
action :remove do
  here = this_node?
  record = node_record
  unless record.nil? || record['spec']['address'].nil?
    converge_by("remove node #{new_resource.node_name} from its cluster") do
      holdfast_run('node', 'remove', new_resource.node_name, '--yes', *(new_resource.abandon ? ['--abandon'] : []))
    end
  end

  if here
    service 'holdfastd' do
      supports status: true, restart: true
      action [:stop, :disable]
    end

    service 'holdfast-etcd' do
      supports status: true, restart: true
      action [:stop, :disable]
    end

    # Last: while it is there, this machine is known to be that node.
    file new_resource.config_path do
      action :delete
    end
  end
end

action_class do
  include HoldfastCookbook::CommandLine

  # nil: there is none, or (a daemon that was stopped for good) nobody here who could know.
  def node_record
    return unless holdfast_installed?

    gone = whyrun_mode? || !::File.exist?(new_resource.config_path)
    holdfast_json('node', 'inspect', new_resource.node_name, none: [HoldfastCookbook::CommandLine::NOT_FOUND] + (gone ? [HoldfastCookbook::CommandLine::UNAVAILABLE] : []))
  rescue RuntimeError => error
    raise "#{error.message}\nIf node #{new_resource.node_name} is out of its cluster already: delete #{new_resource.config_path}, which says that this machine is a node"
  end

  # Whether the node is this machine, not another of the cluster.
  def this_node?
    return false unless holdfast_installed?
    return JSON.parse(::File.read(new_resource.config_path))['name'] == new_resource.node_name if ::File.exist?(new_resource.config_path)

    answering = holdfast_json('node', 'inspect', none: [HoldfastCookbook::CommandLine::NOT_FOUND, HoldfastCookbook::CommandLine::UNAVAILABLE])
    !answering.nil? && answering['name'] == new_resource.node_name
  end

  def token_environment
    place = new_resource.join_token_item
    token = place.nil? ? new_resource.join_token : HoldfastCookbook::CommandLine.secret(data_bag_item(place['bag'], place['item']), place)
    token.nil? ? {} : { 'HOLDFAST_JOIN_TOKEN' => token }
  end
end
