require 'json'
require 'open3'
require_relative 'definition'

module Chef16
  # A run of the client over recipes of this cookbook: evaluates them, converges every resource in order, and keeps what was
  # reported as changed. With `why_run` nothing is changed.
  class Run
    attr_reader :machine, :updated, :told, :why_run

    def initialize(machine, cookbook:, why_run: false)
      @machine = machine
      @cookbook = cookbook
      @why_run = why_run
      @updated = []
      @told = []
      @seen = []
      @custom = Dir["#{cookbook}/resources/*.rb"].map { |file| CustomResource.define(file) }.to_h { |kind| [kind.resource_name, kind] }
    end

    # @param name of a recipe of the cookbook, or a file with a recipe.
    def recipe(name)
      return if @seen.include?(name)

      @seen << name
      file = name.end_with?('.rb') ? name : "#{@cookbook}/recipes/#{name.split('::')[1] || 'default'}.rb"
      Recipe.new(self).instance_eval(File.read(file), file)
      self
    end

    def custom?(word) = @custom.key?(word)

    def custom(kind, name, &block)
      resource = @custom.fetch(kind).new(name, machine)
      resource.instance_exec(&block) if block
      before = @updated.length
      resource.action.each do |action|
        body = resource.class.known_actions.fetch(action) { raise NotInChef, "#{kind} has no action #{action}" }
        resource.class.action_class.new(resource, resource.current, self).instance_exec(&body)
        # The client looks again after each action, for its reports.
        resource.current
      end
      # A change inside is a change of the whole.
      @updated << "#{kind}[#{name}]" if @updated.length > before && @updated.last != "#{kind}[#{name}]"
      resource
    end

    def builtin(kind, name, within = nil, &block)
      resource = Builtin.new(kind, name, machine, within)
      resource.instance_exec(&block) if block
      return resource unless resource.wanted?

      label = "#{kind}[#{name.is_a?(Array) ? name.join(', ') : name}]"
      resource.missing.each do |what|
        @told << "#{label}: #{what}"
        next if @why_run

        machine.apply(resource)
        @updated << label unless @updated.include?(label)
      end
      resource
    end

    def change(resource, what)
      @told.concat(what)
      return if @why_run

      yield
      label = "#{resource.class.resource_name}[#{resource.name}]"
      @updated << label unless @updated.include?(label)
    end
  end

  # The language of recipes.
  class Recipe
    def initialize(run)
      @run = run
    end

    def node = @run.machine.node
    def include_recipe(name) = @run.recipe(name)
    def data_bag_item(bag, item) = @run.machine.data_bag_item(bag, item)

    def method_missing(word, *arguments, &block)
      return @run.builtin(word, arguments.first, &block) if RESOURCES.key?(word)
      return @run.custom(word, arguments.first, &block) if @run.custom?(word)

      raise NotInChef, "#{word} is no word of a recipe in Chef 16"
    end

    def respond_to_missing?(*) = false
  end

  # A resource of Chef's own: its properties are checked by name, its effect is what a machine remembers of it.
  class Builtin
    # In an action the block sees the resource around it.
    attr_reader :kind, :name, :values, :new_resource

    def initialize(kind, name, machine, within)
      @new_resource = within
      @kind = kind
      @name = name
      @machine = machine
      @values = {}
      @guards = []
    end

    def node = @machine.node
    def actions = [values.fetch(:action, { log: :write, service: :nothing, package: :install, dpkg_package: :install, apt_package: :install, apt_update: :periodic }.fetch(kind, :create))].flatten
    def missing = @machine.missing(self)

    # Guards: a block, or a command line that ends with 0.
    def only_if(command = nil, &block) = guard(true, command, block)
    def not_if(command = nil, &block) = guard(false, command, block)
    def wanted? = @guards.all? { |wanted, command, block| (block ? instance_exec(&block) : @machine.succeeds?(command)) ? wanted : !wanted }

    def method_missing(word, *arguments)
      properties, actions = RESOURCES.fetch(kind)
      raise NotInChef, "#{kind}: #{word} takes one value" unless arguments.length == 1
      raise NotInChef, "#{kind} has no property #{word} in Chef 16" unless properties.include?(word) || COMMON.include?(word)
      raise NotInChef, "#{kind} has no action #{arguments.first}" if word == :action && ![arguments.first].flatten.all? { |one| actions.include?(one) }
      raise NotInChef, "#{kind}: #{word} cannot be #{arguments.first.inspect}" unless TYPES.fetch(word, [Object]).any? { |type| type === arguments.first }

      @values[word] = arguments.first
    end

    def respond_to_missing?(*) = false

    private

    def guard(wanted, command, block)
      raise NotInChef, "#{kind}: a guard is a block or a command line" unless block || command.is_a?(String)

      @guards << [wanted, command, block]
    end
  end

  # The machine that a run works on: what is installed, written and running, and what `holdfast` answers.
  class Machine
    attr_reader :node, :data_bags, :packages, :files, :services, :commands

    def initialize(node:, data_bags: {}, packages: [], &answers)
      @node = node
      @data_bags = data_bags
      @packages = packages
      @files = {}
      @services = []
      @commands = []
      @answers = answers
    end

    # As Chef reads it: decrypted when it was encrypted, else as it lies there. Here an item is encrypted unless it says `open`.
    def data_bag_item(bag, item)
      values = data_bags.fetch([bag, item])
      (values['open'] ? ::Chef::DataBagItem : ::Chef::EncryptedDataBagItem).new(values)
    end

    # Whether a guard's command line ends well; here: whether all packages are installed that it names.
    def succeeds?(command) = (command[/\Adpkg-query -s ([^>]+)/, 1].split - packages).empty?

    # What `holdfast` answers from now on.
    def answer(&answers) = @answers = answers

    def shell_out(*command, environment: {}, timeout: nil)
      @commands << { command: command, environment: environment, timeout: timeout }
      @answers ? @answers.call(command.drop(1), environment) : execute(command, environment)
    end

    # What of a built-in resource is not so yet.
    def missing(resource)
      case resource.kind
      when :package, :dpkg_package, :apt_package then ([resource.name].flatten - packages).map { |name| "install #{name}" }
      when :apt_update then [resource.actions.first.to_s]
      when :directory then files.key?(resource.name) || ::File.directory?(resource.name) ? [] : ['create']
      when :file, :remote_file then resource.actions.reject { |action| action == :delete ? !files.key?(resource.name) : files[resource.name] == (resource.values[:content] || resource.values[:checksum]) }.map(&:to_s)
      when :service then wanted_services(resource) == services ? [] : [resource.actions.join(' and ')]
      else []
      end
    end

    def apply(resource)
      case resource.kind
      when :package, :dpkg_package, :apt_package then packages.concat([resource.name].flatten).uniq!
      when :directory then files[resource.name] = :directory
      when :file, :remote_file then write(resource)
      when :service then @services = wanted_services(resource)
      end
    end

    private

    def write(resource)
      return files.delete(resource.name) if resource.actions == [:delete]

      files[resource.name] = resource.values[:content] || resource.values[:checksum]
    end

    def wanted_services(resource)
      [resource.name].product(resource.actions).reduce(services) do |now, (name, action)|
        { start: now | [[name, :running]], enable: now | [[name, :enabled]], stop: now - [[name, :running]], disable: now - [[name, :enabled]] }.fetch(action, now)
      end
    end

    Answer = Struct.new(:stdout, :stderr, :exitstatus)

    def execute(command, environment)
      out, err, status = Open3.capture3(environment, *command)
      Answer.new(out, err, status.exitstatus)
    end
  end

  # Attributes as recipes read them: nobody changes them, and symbols are as good as texts.
  class Immutable < Hash
    def self.of(value)
      case value
      when Hash then new.tap { |all| value.each { |key, inner| all.store(key.to_s, of(inner)) } }.freeze
      when Array then value.map { |inner| of(inner) }.freeze
      else value.frozen? ? value : value.dup.freeze
      end
    end

    def [](key) = super(key.is_a?(Symbol) ? key.to_s : key)
    def transform_values(&block) = to_h.transform_values(&block)
  end

  # `default['a']['b'] = c` of an attributes file, evaluated with the values of a node over it.
  class Attributes
    def self.load(file, over = {})
      context = new
      context.instance_eval(File.read(file), file)
      Immutable.of(merge(plain(context.default), over))
    end

    def default = @default ||= Hash.new { |hash, key| hash[key] = Hash.new(&hash.default_proc) }

    def method_missing(word, *) = raise(NotInChef, "#{word} is no word of an attributes file that this cookbook uses")
    def respond_to_missing?(*) = false

    def self.plain(value) = value.is_a?(Hash) ? value.transform_values { |inner| plain(inner) } : value
    def self.merge(base, over) = base.merge(over) { |_, a, b| a.is_a?(Hash) && b.is_a?(Hash) ? merge(a, b) : b }
  end

  class Metadata
    attr_reader :values

    def initialize(file)
      @values = {}
      instance_eval(File.read(file), file)
    end

    def method_missing(word, *arguments)
      raise NotInChef, "#{word} is no word of metadata.rb in Chef 16" unless METADATA.include?(word)

      (@values[word] ||= []) << arguments
    end

    def name(text) = method_missing(:name, text)
    def respond_to_missing?(*) = false
  end
end
