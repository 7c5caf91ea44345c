require_relative '../harness/run'
require_relative '../../libraries/holdfast'

COOKBOOK = File.expand_path('../..', __dir__)

RSpec.describe 'the cookbook holdfast' do
  answer = Chef16::Machine.const_get(:Answer)
  joined = { 'id' => 'node_1', 'name' => 'n1', 'zone' => '', 'labels' => {}, 'roles' => %w(control storage) }
  plan = ->(changes, node = joined) { answer.new(JSON.generate('changes' => changes, 'changed' => changes.length, 'plan' => true, 'node' => node), '', 0) }
  attributes = ->(over = {}) { { 'hostname' => 'n1', 'ipaddress' => '192.0.2.11' }.merge(Chef16::Attributes.load("#{COOKBOOK}/attributes/default.rb", 'holdfast' => over)) }

  before { stub_const('HoldfastCookbook::CommandLine::HOLDFAST', '/bin/true') }

  def run(machine, recipe, why_run: false)
    Chef16::Run.new(machine, cookbook: COOKBOOK, why_run: why_run).recipe(recipe)
  end

  it 'has metadata of Chef 16 or later, and its resources run in unified mode' do
    metadata = Chef16::Metadata.new("#{COOKBOOK}/metadata.rb")
    expect(metadata.values).to include(name: [['holdfast']], chef_version: [['>= 16.0']])
    Dir["#{COOKBOOK}/resources/*.rb"].each { |file| expect(Chef16::CustomResource.define(file).unified).to be true }
  end

  it 'refuses words, resources and properties that Chef 16 does not have' do
    context = Chef16::Recipe.new(Chef16::Run.new(Chef16::Machine.new(node: {}), cookbook: COOKBOOK))
    expect { context.instance_eval { systemd_reload 'x' } }.to raise_error(Chef16::NotInChef)
    expect { context.instance_eval { file('/x') { contents 'y' } } }.to raise_error(Chef16::NotInChef)
    expect { context.instance_eval { service('x') { action :begin } } }.to raise_error(Chef16::NotInChef)
    expect { context.instance_eval { holdfast_node('n1') { colour 'red' } } }.to raise_error(Chef16::NotInChef)
    expect { context.instance_eval { holdfast_node('n1') { action :drain, :remove } } }.to raise_error(ArgumentError)
    expect { context.instance_eval { file('/x') { mode 0.5 } } }.to raise_error(Chef16::NotInChef)
    expect { context.instance_eval { node['holdfast']['pools']['x'] = 1 } }.to raise_error(StandardError)
  end

  describe 'its harness' do
    define = lambda do |text|
      Dir.mktmpdir do |folder|
        File.write("#{folder}/thing.rb", "resource_name :thing\nunified_mode true\n#{text}\n")
        FileUtils.mkdir("#{folder}/resources")
        FileUtils.mv("#{folder}/thing.rb", "#{folder}/resources/")
        Chef16::Run.new(Chef16::Machine.new(node: {}), cookbook: folder)
      end
    end
    updated = ->(text, &block) { define.call(text).tap { |run| run.custom(:thing, 'x', &block) }.updated }

    it 'takes a constant of Ruby\'s for Chef\'s, as a custom resource does' do
      expect { updated.call("action(:create) { File.exist?('/') }") }.to raise_error(Chef16::NotInChef, /::File/)
      expect(updated.call("action(:create) { ::File.exist?('/') }")).to be_empty
    end

    it 'loses the word that nothing is there where RuntimeError is rescued' do
      rescued = "property :size, Integer\nload_current_value { begin; current_value_does_not_exist!; rescue RuntimeError; size 1; end }\naction(:create) { converge_if_changed { } }"
      expect(updated.call(rescued) { size 1 }).to be_empty
    end

    it 'carries over to what is there what is no state, and only that' do
      text = "property :size, Integer\nproperty :from, String, desired_state: false\nload_current_value { size from.to_i }\naction(:create) { converge_if_changed { } }"
      expect(updated.call(text) { size 3; from '3' }).to be_empty
      expect(updated.call(text) { size 3; from '4' }).to eq ['thing[x]']
    end

    it 'compares defaults too, and nil where nil is a value' do
      text = "property :size, Integer, default: 1\nproperty :tags, Hash, coerce: proc { |value| value }\nload_current_value { size 2; tags({}) }\n"
      expect(updated.call("#{text}action(:create) { converge_if_changed(:size) { } }")).to eq ['thing[x]']
      expect(updated.call("#{text}action(:create) { converge_if_changed(:tags) { } }") { tags nil }).to eq ['thing[x]']
      expect(updated.call("#{text}action(:create) { converge_if_changed(:tags) { } }")).to be_empty
    end

    it 'refuses properties and defaults that Chef would refuse, or take otherwise' do
      ['property :sensitive, String', 'property :hash, String', 'property :size, Integer, default: proc { 1 }', 'property :a, String, name_property: true, default: "b"'].each do |line|
        expect { define.call("#{line}\naction(:create) { }") }.to raise_error(Chef16::NotInChef)
      end
      expect { define.call("property :tags, Hash, default: {}, coerce: proc { |value| value }\naction(:create) { new_resource.tags }").custom(:thing, 'x') { tags nil } }.to raise_error(Chef16::InvalidProperty)
    end
  end

  describe 'recipe default' do
    it 'installs the package and starts the daemon; the second run changes nothing' do
      machine = Chef16::Machine.new(node: attributes.call)
      expect(run(machine, 'holdfast::default').updated).to eq ['package[holdfast]', 'service[holdfastd]']
      expect(machine.services).to contain_exactly(['holdfastd', :enabled], ['holdfastd', :running])
      expect(run(machine, 'holdfast::default').updated).to be_empty
    end

    it 'changes nothing in why-run mode, and tells what it would do' do
      machine = Chef16::Machine.new(node: attributes.call)
      dry = run(machine, 'holdfast::default', why_run: true)
      expect(dry.told).to include('package[holdfast]: install holdfast')
      expect([machine.packages, machine.services]).to eq [[], []]
    end

    it 'fetches a package from a URL only with its checksum' do
      from_url = { 'package' => { 'source' => 'url', 'url' => 'https://packages.example/holdfast.deb' } }
      expect { run(Chef16::Machine.new(node: attributes.call(from_url)), 'holdfast::default') }.to raise_error(/checksum/)
      from_url['package']['checksum'] = 'ab' * 32
      machine = Chef16::Machine.new(node: attributes.call(from_url))
      expect(run(machine, 'holdfast::default').updated).to include('remote_file[/var/cache/holdfast/holdfast.deb]', 'dpkg_package[holdfast]')
      expect(run(machine, 'holdfast::default').updated).to be_empty
    end

    it 'brings along what a package from a file depends on' do
      depends = File.read("#{COOKBOOK}/../../packaging/deb/control")[/^Depends: (.*)/, 1].split(', ').map { |one| one[/\A\S+/] }
      machine = Chef16::Machine.new(node: attributes.call('package' => { 'source' => 'file', 'file' => '/tmp/holdfast.deb' }))
      run(machine, 'holdfast::default')
      # libc6 is on every Debian.
      expect(machine.packages).to include(*(depends - ['libc6']))
    end

    it 'gets the lists of packages where there are none and a package is missing, and only there' do
      allow(Dir).to receive(:glob).and_call_original
      allow(Dir).to receive(:glob).with('/var/lib/apt/lists/*_Packages*').and_return([])
      machine = Chef16::Machine.new(node: attributes.call)
      expect(run(machine, 'holdfast::default').updated).to eq ['apt_update[holdfast]', 'package[holdfast]', 'service[holdfastd]']
      expect(run(machine, 'holdfast::default').updated).to be_empty
      allow(Dir).to receive(:glob).with('/var/lib/apt/lists/*_Packages*').and_return(['/var/lib/apt/lists/x_Packages.lz4'])
      expect(run(Chef16::Machine.new(node: attributes.call), 'holdfast::default').updated).not_to include('apt_update[holdfast]')
    end

    it 'asks init scripts whether services run: the list of processes may be missing, or name them by accident' do
      %w(recipes/default.rb resources/node.rb).each do |file|
        text = File.read("#{COOKBOOK}/#{file}")
        expect(text.scan(/^ *service '[^']*' do\n(?: *#.*\n)* *supports status: true/).length).to eq text.scan(/^ *service '/).length
      end
    end

    it 'says which attribute is missing' do
      %w(file url).each { |from| expect { run(Chef16::Machine.new(node: attributes.call('package' => { 'source' => from })), 'holdfast::default') }.to raise_error(/\['#{from}'\] is not set/) }
    end

    it 'refuses a source that it does not know' do
      expect { run(Chef16::Machine.new(node: attributes.call('package' => { 'source' => 'tape' })), 'holdfast::default') }.to raise_error(/tape/)
    end
  end

  describe 'recipe server' do
    first = { 'cluster' => { 'init' => { 'name' => 'prod' } }, 'node' => { 'zone' => 'rack-1', 'labels' => { 'disk' => 'ssd' } } }

    it 'writes node.json and converges once; the second run changes nothing' do
      done = false
      machine = Chef16::Machine.new(node: attributes.call(first), packages: ['holdfast']) do |command, _environment|
        next plan.call(done ? [] : [{ 'what' => 'pki', 'name' => 'ca', 'action' => 'create' }], done ? joined : nil) if command.include?('--plan')

        done = true
        plan.call([])
      end
      expect(run(machine, 'holdfast::server').updated).to include('file[/etc/holdfast/node.json]', 'holdfast_node[n1]')
      expect(JSON.parse(machine.files['/etc/holdfast/node.json'])).to eq(
        'name' => 'n1', 'advertise' => '192.0.2.11', 'zone' => 'rack-1', 'labels' => { 'disk' => 'ssd' }, 'cluster' => { 'init' => { 'name' => 'prod' } }
      )
      expect(run(machine, 'holdfast::server').updated).to be_empty
    end

    it 'asks only for the plan in why-run mode, and tells each change' do
      machine = Chef16::Machine.new(node: attributes.call(first)) do |command, _environment|
        expect(command).to include('--plan')
        plan.call([{ 'what' => 'config', 'name' => 'log_level', 'action' => 'update', 'before' => 'info', 'after' => 'debug' }])
      end
      dry = run(machine, 'holdfast::server', why_run: true)
      expect(dry.told).to include('update config log_level: "info" -> "debug"')
      expect(machine.files).to be_empty
      expect(machine.commands).not_to be_empty
    end

    it 'reads the join token from its encrypted item only to join, and hands it over in the environment' do
      second = { 'cluster' => { 'join' => { 'endpoints' => ['https://192.0.2.11:7480'], 'token_item' => { 'bag' => 'holdfast', 'item' => 'join', 'key' => 'token' } } } }
      seen = []
      machine = Chef16::Machine.new(node: attributes.call(second), packages: ['holdfast'], data_bags: { %w(holdfast join) => { 'token' => 'hft1.secret' } }) do |command, environment|
        seen << [command, environment]
        plan.call(command.include?('--plan') && seen.length == 1 ? [{ 'what' => 'join', 'name' => 'prod', 'action' => 'join' }] : [], nil)
      end
      told = run(machine, 'holdfast::server').told
      expect(seen.reject { |command, _| command.include?('--plan') }.map(&:last)).to eq ['HOLDFAST_JOIN_TOKEN' => 'hft1.secret']
      expect(JSON.generate([seen.map(&:first), machine.files, told])).not_to include('secret')
      machine.data_bags.clear
      expect(run(machine, 'holdfast::server').updated).to be_empty
    end

    it 'takes no token from an item that lies open, or that has none' do
      [[{ 'open' => true, 'token' => 'hft1.secret' }, /not encrypted/], [{ 'tokens' => 'x' }, /has no "token"/]].each do |item, words|
        second = { 'cluster' => { 'join' => { 'endpoints' => ['https://192.0.2.11:7480'], 'token_item' => { 'bag' => 'holdfast', 'item' => 'join', 'key' => 'token' } } } }
        machine = Chef16::Machine.new(node: attributes.call(second), packages: ['holdfast'], data_bags: { %w(holdfast join) => item }) do |command, _environment|
          expect(command).to include('--plan')
          plan.call([{ 'what' => 'join', 'name' => 'prod', 'action' => 'join' }], nil)
        end
        expect { run(machine, 'holdfast::server') }.to raise_error(words)
      end
    end

    it 'writes labels as texts and paths in full, whatever the attributes hold' do
      own = { 'cluster' => { 'init' => { 'name' => 'prod' }, 'store' => { 'kind' => 'etcd', 'endpoints' => ['https://e:2379'], 'ca' => 'ca.pem', 'cert' => '/a/c.pem', 'key' => 'k.pem' } }, 'node' => { 'name' => 'N1'.downcase, 'labels' => { 'rack' => 4, 'ssd' => true, 'gone' => nil } } }
      machine = Chef16::Machine.new(node: attributes.call(own), packages: ['holdfast']) { plan.call([]) }
      run(machine, 'holdfast::server')
      expect(JSON.parse(machine.files['/etc/holdfast/node.json'])).to include('labels' => { 'rack' => '4', 'ssd' => 'true' }, 'store' => include('ca' => '/etc/holdfast/ca.pem', 'cert' => '/a/c.pem', 'key' => '/etc/holdfast/k.pem'))
    end

    it 'says what converge said when it fails' do
      machine = Chef16::Machine.new(node: attributes.call(first)) { answer.new('', "holdfast: the clock of this machine is 61 minutes off\n", 4) }
      expect { run(machine, 'holdfast::server') }.to raise_error(/61 minutes off/)
    end

    it 'makes the pools of the attributes after the node' do
      with_pool = Chef16::Attributes.merge(first, 'pools' => { 'bulk' => { 'path' => '/srv/holdfast', 'labels' => { 'tier' => 'slow' } } })
      made = nil
      machine = Chef16::Machine.new(node: attributes.call(with_pool)) do |command, _environment|
        next answer.new(JSON.generate(joined), '', 0) if command.first(2) == %w(node inspect)
        next plan.call([]) if command.first == 'node'
        next answer.new(JSON.generate(made), '', 0) if command.include?('inspect') && made
        next answer.new('', 'there is no pool', 3) if command.include?('inspect')

        made = { 'node' => 'node_1', 'status' => { 'filesystems' => [] }, 'spec' => { 'path' => '/srv/holdfast', 'devices' => [], 'class' => 'any', 'overcommit' => 1 }, 'labels' => { 'tier' => 'slow' } }
        expect(command).to eq %w(pool create bulk --path /srv/holdfast --label tier=slow)
        answer.new('', '', 0)
      end
      expect(run(machine, 'holdfast::server').updated.last).to eq 'holdfast_pool[bulk]'
      expect(run(machine, 'holdfast::server').updated).to be_empty
    end
  end

  describe 'holdfast_node' do
    # @param answering the node whose daemon answers.
    act = lambda do |record, actions, why_run: false, answering: 'n2', machine: nil, &answers|
      machine ||= Chef16::Machine.new(node: {})
      machine.answer do |command, _environment|
        raise 'nobody asked for a plan' if command.include?('--plan')
        next answer.new(JSON.generate('id' => 'node_1', 'name' => answering), '', 0) if command == %w(node inspect -o json)
        next (record ? answer.new(JSON.generate(record), '', 0) : answer.new('', 'there is no node', 3)) if command.include?('inspect')

        answers&.call(command)
        answer.new('', '', 0)
      end
      run = Chef16::Run.new(machine, cookbook: COOKBOOK, why_run: why_run)
      run.custom(:holdfast_node, 'n2') do
        action actions
        config_path '/nowhere/holdfast/node.json'
      end
      [run, machine]
    end
    record = ->(state) { { 'status' => { 'state' => state }, 'spec' => { 'address' => '192.0.2.12:7480' } } }
    running = ->(machine = Chef16::Machine.new(node: {})) { machine.tap { machine.services.push(['holdfastd', :running], ['holdfastd', :enabled], ['holdfast-etcd', :running]) } }

    it 'drains a node once' do
      run, machine = act.call(record.call('ready'), :drain)
      expect(run.updated).to eq ['holdfast_node[n2]']
      expect(machine.commands.last[:command].drop(1)).to eq %w(node drain n2)
      expect(act.call(record.call('drained'), :drain).first.updated).to be_empty
    end

    it 'removes the node that it runs on and stops its services; a node that is gone already is left alone' do
      run, machine = act.call(record.call('drained'), :remove, machine: running.call)
      expect(run.updated).to include 'holdfast_node[n2]'
      expect(machine.commands.last[:command].drop(1)).to eq %w(node remove n2 --yes)
      expect(machine.services).to be_empty
      expect(act.call(nil, :remove, machine: machine).first.updated).to be_empty
    end

    it 'removes another node of the cluster without touching the services here' do
      run, machine = act.call(record.call('drained'), :remove, answering: 'n1', machine: running.call)
      expect(run.updated).to eq ['holdfast_node[n2]']
      expect(machine.services.length).to eq 3
    end

    it 'does neither in why-run mode' do
      %i(drain remove).each do |action|
        run, machine = act.call(record.call('ready'), action, why_run: true, machine: running.call) { raise 'something was done' }
        expect(run.told).not_to be_empty
        expect(machine.services.length).to eq 3
      end
    end

    it 'says why nothing can be planned, before it writes anything' do
      machine = Chef16::Machine.new(node: {}) { answer.new('', 'a node keeps its name', 4) }
      expect { Chef16::Run.new(machine, cookbook: COOKBOOK).custom(:holdfast_node, 'n1') }.to raise_error(/keeps its name/)
      expect(machine.files).to be_empty
    end

    it 'says that the package is missing' do
      stub_const('HoldfastCookbook::CommandLine::HOLDFAST', '/nowhere/holdfast')
      expect { Chef16::Run.new(Chef16::Machine.new(node: {}), cookbook: COOKBOOK).custom(:holdfast_node, 'n1') }.to raise_error(/recipe\[holdfast::default\]/)
      dry = Chef16::Run.new(Chef16::Machine.new(node: {}), cookbook: COOKBOOK, why_run: true)
      dry.custom(:holdfast_node, 'n1')
      expect(dry.told).to include 'bring node n1 into its cluster'
    end

    it 'refuses a name that is no name' do
      run = Chef16::Run.new(Chef16::Machine.new(node: {}), cookbook: COOKBOOK)
      expect { run.custom(:holdfast_node, 'n1') { node_name 'N 1' } }.to raise_error(Chef16::InvalidProperty)
      expect { run.custom(:holdfast_node, 'n1') { labels %w(disk ssd) } }.to raise_error(Chef16::InvalidProperty)
    end
  end

  describe 'holdfast_pool' do
    pool = { 'node' => 'node_1', 'status' => { 'filesystems' => [{ 'device' => '/dev/vdb' }] }, 'spec' => { 'devices' => ['/dev/vdb'], 'class' => 'ssd', 'overcommit' => 1 }, 'labels' => { 'old' => '1' } }
    converge = lambda do |found, why_run: false, &block|
      machine = Chef16::Machine.new(node: {}) do |command, _|
        next answer.new(JSON.generate('id' => 'node_1', 'name' => 'n1'), '', 0) if command.first(2) == %w(node inspect)

        command.include?('inspect') && found.nil? ? answer.new('', '', 3) : answer.new(JSON.generate(found), '', 0)
      end
      run = Chef16::Run.new(machine, cookbook: COOKBOOK, why_run: why_run)
      run.custom(:holdfast_pool, 'fast', &block)
      [run, machine.commands.map { |one| one[:command].drop(1) }.reject { |command| command.include?('inspect') }]
    end

    it 'adds devices, changes class and labels, and leaves alone what is as described' do
      run, commands = converge.call(pool) { devices %w(/dev/vdb /dev/vdc); pool_class 'nvme'; labels('new' => '2') }
      expect(run.updated).to eq ['holdfast_pool[fast]']
      expect(commands).to eq [%w(pool grow fast --device /dev/vdc), %w(pool update fast --class nvme --label new=2 --remove-label old)]
      expect(converge.call(pool) { devices ['/dev/vdb']; pool_class 'ssd'; labels('old' => '1') }.first.updated).to be_empty
    end

    it 'changes nothing in why-run mode' do
      run, commands = converge.call(pool, why_run: true) { devices %w(/dev/vdb /dev/vdc); pool_class 'nvme' }
      expect(run.told.length).to eq 2
      expect(commands).to be_empty
    end

    it 'leaves alone what is not given' do
      expect(converge.call(pool) { devices ['/dev/vdb'] }.first.updated).to be_empty
    end

    it 'reports no change for labels that are numbers, nor for what is given as nil' do
      kept = pool.merge('labels' => { 'rack' => '4' })
      expect(converge.call(kept) { devices ['/dev/vdb']; labels('rack' => 4); pool_class nil; overcommit nil }.first.updated).to be_empty
      expect(converge.call(kept) { devices ['/dev/vdb']; labels nil }.first.updated).to be_empty
    end

    it 'knows an EBS volume by where it is now, not by what its device was called when the pool was made' do
      renamed = pool.merge('spec' => pool['spec'].merge('devices' => ['/dev/nvme1n1']), 'status' => { 'filesystems' => [{ 'device' => '/dev/nvme2n1' }] })
      allow(HoldfastCookbook::Ebs).to receive(:device) { |id| { 'vol-0abc' => '/dev/nvme2n1', 'vol-0def' => '/dev/nvme1n1' }.fetch(id) }
      expect(converge.call(renamed) { ebs_volumes ['vol-0abc'] }.first.updated).to be_empty
      expect(converge.call(renamed) { ebs_volumes %w(vol-0abc vol-0def) }.last).to eq [%w(pool grow fast --device /dev/nvme1n1)]
    end

    it 'refuses a name that a pool of another node has, and a pool that would have to move' do
      expect { converge.call(pool.merge('node' => 'node_2')) { devices ['/dev/vdb'] } }.to raise_error(/such as fast-n1/)
      expect { converge.call(pool) { path '/srv' } }.to raise_error(/does not move/)
    end

    it 'removes a pool' do
      expect(converge.call(pool) { action :remove }.last).to eq [%w(pool remove fast)]
      expect(converge.call(nil) { action :remove }.last).to be_empty
    end

    it 'finds the device of an EBS volume by its id' do
      Dir.mktmpdir do |sys|
        FileUtils.mkdir_p("#{sys}/nvme1n1/device")
        File.write("#{sys}/nvme1n1/device/serial", "vol0abc    \n")
        expect(HoldfastCookbook::Ebs.device('vol-0abc', sys: sys)).to eq '/dev/nvme1n1'
        expect { HoldfastCookbook::Ebs.device('vol-0def', sys: sys) }.to raise_error(/not attached/)
      end
    end

    it 'hands an NFS export to Holdfast, which says whether it serves it; and says that a place is missing' do
      expect(converge.call(nil) { export 'files.example:/srv' }.last).to eq [%w(pool create fast --export files.example:/srv)]
      expect { converge.call(nil) { kind 'nfs' } }.to raise_error(/export is missing/)
      expect { converge.call(nil) {} }.to raise_error(/devices or ebs_volumes/)
    end
  end
end
