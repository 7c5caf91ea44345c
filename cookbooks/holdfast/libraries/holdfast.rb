require 'json' unless defined?(JSON)
require 'tempfile' unless defined?(Tempfile)

module HoldfastCookbook
  # What the resources need of the command line. Everything is asked of `holdfast` on this machine, over its root-only
  # socket; nothing is decided here that converge decides.
  module CommandLine
    HOLDFAST = '/usr/bin/holdfast'.freeze
    # How `holdfast` ends when there is no such object, and when its daemon does not answer.
    NOT_FOUND = 3
    UNAVAILABLE = 5
    # A first converge installs etcd and waits for the cluster.
    TIMEOUT_SECONDS = 1800

    # Attributes of Chef are immutable and lazy; a request is made of plain values.
    def self.plain(value)
      case value
      when Hash then value.each_with_object({}) { |(key, inner), all| all[key.to_s] = plain(inner) }
      when Array then value.to_a.map { |inner| plain(inner) }
      when Symbol then value.to_s
      else value
      end
    end

    # Labels are texts, whatever an attribute holds (a number, true): else they would differ from what the daemon keeps, on
    # every run anew. nil takes one away that an attribute of lower precedence gives.
    def self.labels(value)
      return value unless value.is_a?(Hash)

      plain(value).reject { |_, text| text.nil? }.transform_values(&:to_s)
    end

    # node.json of a holdfast_node. It holds no secret: the token travels in the environment.
    def self.document(wanted)
      # Relative paths are below the file's own directory, also while it is planned from a file elsewhere.
      absolute = ->(path) { ::File.expand_path(path, ::File.dirname(wanted.config_path)) }
      cluster = {}
      cluster['init'] = plain(wanted.cluster_init) if wanted.cluster_init
      if wanted.join_endpoints && !wanted.join_endpoints.empty?
        cluster['join'] = { 'endpoints' => plain(wanted.join_endpoints) }
        cluster['join']['token_file'] = absolute.call(wanted.join_token_file) if wanted.join_token_file
      end
      store = wanted.store && plain(wanted.store).to_h { |key, value| [key, %w(ca cert key).include?(key) && value.is_a?(String) ? absolute.call(value) : value] }
      document = { 'name' => wanted.node_name, 'advertise' => wanted.advertise, 'listen' => wanted.listen,
                   'zone' => wanted.zone, 'labels' => plain(wanted.labels), 'roles' => wanted.roles && plain(wanted.roles),
                   'cluster' => cluster.empty? ? nil : cluster, 'store' => store,
                   'daemon' => wanted.settings.empty? ? nil : plain(wanted.settings), 'pools' => wanted.pools.empty? ? nil : plain(wanted.pools) }
      "#{JSON.pretty_generate(document.reject { |_, value| value.nil? })}\n"
    end

    def self.describe(change)
      before, after = change.values_at('before', 'after').map { |value| value.nil? ? nil : JSON.generate(value) }
      told = [before, after].compact.join(' -> ')
      "#{change['action']} #{change['what']} #{change['name']}#{told.empty? ? '' : ": #{told}"}"
    end

    # @return [String] what an encrypted data bag item holds. One that lies open on the Chef server is no place for a secret.
    def self.secret(item, place)
      name = "#{place['bag']}/#{place['item']}"
      raise "data bag item #{name} is not encrypted: make it with `knife data bag create --secret-file`, and a new token for it" unless item.is_a?(::Chef::EncryptedDataBagItem)

      text = item[place['key']]
      raise "data bag item #{name} has no #{place['key'].inspect}" if text.nil? || text.to_s.empty?

      text.to_s
    end

    def holdfast_installed?
      ::File.executable?(HOLDFAST)
    end

    # @return [Hash] what `converge --plan -o json` says; nothing on the machine is changed, and no token is needed.
    def holdfast_plan(wanted)
      file = Tempfile.new(['holdfast-node', '.json'])
      begin
        file.write(CommandLine.document(wanted))
        file.close
        holdfast_json('node', 'converge', '--config', file.path, '--plan')
      ensure
        file.close
        file.unlink
      end
    end

    # @return [Hash, nil] the answer; nil when it ends with one of the codes `none`.
    def holdfast_json(*arguments, none: [])
      answer = holdfast_run(*arguments, '-o', 'json', also: none)
      none.include?(answer.exitstatus) ? nil : JSON.parse(answer.stdout)
    end

    def holdfast_run(*arguments, environment: {}, also: [])
      raise "#{HOLDFAST} is not there: recipe[holdfast::default] installs it" unless holdfast_installed?

      answer = shell_out(HOLDFAST, *arguments, environment: environment, timeout: TIMEOUT_SECONDS)
      return answer if answer.exitstatus == 0 || also.include?(answer.exitstatus)

      raise "holdfast #{arguments.first(2).join(' ')} failed: #{answer.stderr.strip.empty? ? answer.stdout.strip : answer.stderr.strip}"
    end
  end

  # EBS volumes by their id: the name of the device says nothing on Nitro machines.
  module Ebs
    # @return [String, nil] the block device of an attached volume.
    def self.find(volume_id, sys: '/sys/block')
      serial = volume_id.delete('-')
      disk = Dir.glob("#{sys}/nvme*").find { |one| ["#{one}/serial", "#{one}/device/serial"].any? { |file| ::File.file?(file) && ::File.read(file).strip == serial } }
      disk && "/dev/#{::File.basename(disk)}"
    end

    # @raise when it is not attached.
    def self.device(volume_id, sys: '/sys/block')
      find(volume_id, sys: sys) || raise("EBS volume #{volume_id} is not attached to this machine: no NVMe disk has the serial #{volume_id.delete('-')}")
    end
  end
end
