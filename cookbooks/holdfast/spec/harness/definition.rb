require_relative 'words'

module Chef16
  class NotInChef < StandardError; end
  class InvalidProperty < StandardError; end

  NONE = Object.new.freeze

  # One `property` line.
  Property = Struct.new(:name, :types, :options) do
    def desired_state? = options.fetch(:desired_state, true)

    def check(resource, value)
      coerced = options[:coerce] && !value.nil? ? resource.instance_exec(value, &options[:coerce]) : value
      return coerced if coerced.nil?

      raise InvalidProperty, "#{name}: #{coerced.inspect} is none of #{types.inspect}" unless types.empty? || types.any? { |type| type === coerced }
      raise InvalidProperty, "#{name}: #{coerced.inspect} does not match" if options[:regex] && !options[:regex].match?(coerced)
      raise InvalidProperty, "#{name}: #{coerced.inspect} is none of #{options[:equal_to]}" if options[:equal_to] && !options[:equal_to].include?(coerced)

      coerced
    end
  end

  # What a file in resources/ is evaluated in: a class, as in Chef.
  class CustomResource
    Absent = Class.new(StandardError)

    class << self
      attr_reader :known_properties, :known_actions, :loader, :unified

      def define(file)
        Class.new(self) do
          @known_properties = {}
          @known_actions = {}
          @action_class = Class.new(ActionContext)
          class_eval(File.read(file), file)
        end
      end

      def resource_name(name = nil) = name ? @resource_name = name : @resource_name
      def provides(name) = (@provides ||= []) << name
      def unified_mode(on) = @unified = on
      def description(_text) = nil
      def lazy(&block) = block

      def property(name, types = [], **options)
        unknown = options.keys - PROPERTY_OPTIONS
        raise NotInChef, "property #{name}: #{unknown.join(', ')}" unless unknown.empty?
        raise NotInChef, "property #{name} takes the place of a method of every Ruby object" if Object.method_defined?(name)

        known = @known_properties[name] = Property.new(name, [types].flatten, options)
        define_method(name) { |value = NONE| value.equal?(NONE) ? read(known) : @values[name] = known.check(self, value) }
      end

      def load_current_value(&block) = @loader = block
      def action(name, &block) = @known_actions[name] = block
      def action_class(&block) = block ? @action_class.class_eval(&block) : @action_class
      def default_action(name = nil) = name ? @default_action = name : (@default_action || known_actions.keys.first)

      def method_missing(word, *) = raise(NotInChef, "#{word} is no word of a custom resource in Chef 16")
      def respond_to_missing?(*) = false
    end

    attr_reader :name, :machine

    def initialize(name, machine)
      @name = name
      @machine = machine
      @values = {}
    end

    def given?(property) = @values.key?(property)
    def current_value_does_not_exist! = raise(Absent)
    def node = machine.node
    def shell_out(*command, **options) = machine.shell_out(*command, **options)
    def action(*names) = names.empty? ? (@actions || [self.class.default_action]) : @actions = names.flatten

    # The resource as the machine has it; nil where it does not exist.
    def current
      self.class.new(name, machine).tap { |found| found.instance_exec(self, &self.class.loader) if self.class.loader }
    rescue Absent
      nil
    end

    def method_missing(word, *) = raise(NotInChef, "#{self.class.resource_name} has no property or method #{word}")
    def respond_to_missing?(*) = false

    private

    def read(property)
      return @values[property.name] if @values.key?(property.name)
      return name if property.options[:name_property]

      default = property.options[:default]
      value = default.is_a?(Proc) ? instance_exec(&default) : default
      value.nil? ? nil : property.check(self, value)
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
    def data_bag_item(bag, item) = @run.machine.data_bags.fetch([bag, item])
    def whyrun_mode? = @run.why_run
    def converge_by(what, &block) = @run.change(new_resource, [what].flatten, &block)

    def converge_if_changed(*names, &block)
      names = new_resource.class.known_properties.values.select(&:desired_state?).map(&:name) if names.empty?
      changed = names.select { |name| new_resource.given?(name) && (current_resource.nil? || new_resource.public_send(name) != current_resource.public_send(name)) }
      converge_by(changed.map { |name| "set #{name} to #{new_resource.public_send(name).inspect}" }, &block) unless changed.empty?
    end

    def method_missing(word, *arguments, &block)
      return super unless RESOURCES.key?(word)

      @run.builtin(word, arguments.first, new_resource, &block)
    rescue NoMethodError
      raise NotInChef, "#{word} is no word of an action in Chef 16"
    end

    def respond_to_missing?(*) = false
  end
end
