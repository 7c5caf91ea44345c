require_relative 'chef'
require_relative 'words'

module Chef16
  class NotInChef < StandardError; end
  class InvalidProperty < StandardError; end

  NONE = Object.new.freeze

  # A constant that a name without leading colons reaches inside a resource, where Ruby's own was meant.
  class Shadow < BasicObject
    def initialize(name) = @name = name
    def method_missing(word, *) = ::Kernel.raise(NotInChef, "#{@name}.#{word}: in a custom resource this is Chef's #{@name}, write ::#{@name}")
    def respond_to_missing?(*) = true
  end

  # `lazy { … }`.
  Lazy = Struct.new(:block)

  # One `property` line.
  Property = Struct.new(:name, :types, :options) do
    def desired_state? = options.fetch(:desired_state, !options[:name_property])
    def default? = options.key?(:default) || options[:name_property]

    # What becomes of a value that is given: nil is a value of its own only where it is coerced, and then has to be valid.
    def taken(resource, value)
      value = initial(resource) if value.nil? && !options.key?(:coerce) && !types.include?(nil)
      check(resource, value)
    end

    def initial(resource)
      return resource.name if options[:name_property]

      value = options[:default]
      value.is_a?(Lazy) ? resource.instance_exec(&value.block) : Chef16.copied(value)
    end

    def check(resource, value)
      coerced = options[:coerce] && !value.nil? ? resource.instance_exec(value, &options[:coerce]) : value
      return coerced if coerced.nil? && !default?

      raise InvalidProperty, "#{name}: #{coerced.inspect} is none of #{types.inspect}" unless types.empty? || types.any? { |type| type === coerced }
      raise InvalidProperty, "#{name}: #{coerced.inspect} does not match" if options[:regex] && !options[:regex].match?(coerced)
      raise InvalidProperty, "#{name}: #{coerced.inspect} is none of #{options[:equal_to]}" if options[:equal_to] && !options[:equal_to].include?(coerced)

      coerced
    end
  end

  def self.copied(value)
    case value
    when Hash then value.transform_values { |inner| copied(inner) }
    when Array then value.map { |inner| copied(inner) }
    when String then value.dup
    else value
    end
  end

  # What a file in resources/ is evaluated in: a class, as in Chef.
  class CustomResource
    # As in Chef it is a RuntimeError, and lost where one is rescued.
    Absent = Class.new(RuntimeError)
    SHADOWS.each { |name| const_set(name, Shadow.new(name)) }

    class << self
      attr_reader :known_properties, :known_actions, :loader, :unified, :description_given

      def define(file)
        Class.new(self) do
          @known_properties = {}
          @known_actions = {}
          @action_class = Class.new(ActionContext)
          class_eval(::File.read(file), file)
        end
      end

      def resource_name(name = nil) = name ? @resource_name = name : @resource_name
      def provides(name) = (@provides ||= []) << name
      def unified_mode(on) = @unified = on
      def description(text) = @description_given = text
      def lazy(&block) = Lazy.new(block)

      def property(name, types = [], **options)
        unknown = options.keys - PROPERTY_OPTIONS
        raise NotInChef, "property #{name}: #{unknown.join(', ')}" unless unknown.empty?
        raise NotInChef, "property #{name} takes the place of a method of every resource" if Object.method_defined?(name) || OF_EVERY_RESOURCE.include?(name)
        raise NotInChef, "property #{name} has a default and the resource's name" if options.key?(:default) && options[:name_property]
        raise NotInChef, "property #{name}: a block is not lazy, say lazy { … }" if options[:default].is_a?(Proc)

        known = @known_properties[name] = Property.new(name, [types].flatten, options)
        define_method(name) { |value = NONE| value.equal?(NONE) ? read(known) : @values[name] = known.taken(self, value) }
      end

      def load_current_value(&block) = @loader = block

      def action(name, description: nil, &block)
        known_actions[name] = block
        @described = description
      end

      def action_class(&block) = block ? @action_class.class_eval(&block) : @action_class
      def default_action(name = nil) = name ? @default_action = name : (@default_action || known_actions.keys.first)

      def method_missing(word, *) = raise(NotInChef, "#{word} is no word of a custom resource in Chef 16")
      def respond_to_missing?(*) = false
    end

    attr_reader :name, :machine

    def initialize(name, machine)
      raise NotInChef, "#{self.class.resource_name}: #{name.inspect} is no name" unless name.is_a?(String)

      @name = name
      @machine = machine
      @values = {}
    end

    def given?(property) = @values.key?(property)
    def current_value_does_not_exist! = raise(Absent)
    def node = machine.node
    def shell_out(*command, **options) = machine.shell_out(*command, **options)

    # One word, or a list: Chef takes no two arguments.
    def action(names = nil)
      return @actions || [self.class.default_action] if names.nil?

      unknown = [names].flatten - self.class.known_actions.keys - [:nothing]
      raise NotInChef, "#{self.class.resource_name} has no action #{unknown.join(', ')}" unless unknown.empty?

      @actions = [names].flatten
    end

    # The resource as the machine has it; nil where it does not exist. What is no state is carried over from what is wanted.
    def current
      found = self.class.new(name, machine)
      self.class.known_properties.each_value { |property| found.public_send(property.name, public_send(property.name)) if given?(property.name) && (!property.desired_state? || property.options[:identity]) }
      found.instance_exec(self, &self.class.loader) if self.class.loader
      found
    rescue Absent
      nil
    end

    def method_missing(word, *) = raise(NotInChef, "#{self.class.resource_name} has no property or method #{word}")
    def respond_to_missing?(*) = false

    private

    # A default that was read counts as given from then on, unless it is frozen.
    def read(property)
      return @values[property.name] if given?(property.name)
      return nil unless property.default?

      value = property.check(self, property.initial(self))
      @values[property.name] = value unless value.frozen?
      value
    end
  end

  # What the block of an action is evaluated in.
  class ActionContext
    attr_reader :new_resource, :current_resource

    def initialize(wanted, current, run)
      @new_resource = wanted
      @current_resource = current
      @run = run
    end

    def node = @run.machine.node
    def shell_out(*command, **options) = @run.machine.shell_out(*command, **options)
    def data_bag_item(bag, item) = @run.machine.data_bag_item(bag, item)
    def whyrun_mode? = @run.why_run

    def converge_by(what, &block)
      raise NotInChef, "converge_by tells #{what.inspect}: texts are told" unless [what].flatten.all? { |one| one.is_a?(String) }

      @run.change(new_resource, [what].flatten, &block)
    end

    # Without names it is every property of the state, also one that only has a default.
    def converge_if_changed(*names, &block)
      raise NotInChef, 'converge_if_changed without a block' if block.nil?

      known = new_resource.class.known_properties
      names = known.values.select(&:desired_state?).map(&:name) if names.empty?
      changed = names.select { |name| current_resource.nil? || ((new_resource.given?(name) || known.fetch(name).default?) && new_resource.public_send(name) != current_resource.public_send(name)) }
      converge_by(changed.map { |name| "set #{name} to #{new_resource.public_send(name).inspect}" }, &block) unless changed.empty?
    end

    def method_missing(word, *arguments, &block)
      return super unless RESOURCES.key?(word)

      @run.builtin(word, arguments.first, new_resource, &block)
    rescue NoMethodError => error
      raise error unless error.name == word && error.receiver.equal?(self)

      raise NotInChef, "#{word} is no word of an action in Chef 16"
    end

    def respond_to_missing?(*) = false
  end
end
