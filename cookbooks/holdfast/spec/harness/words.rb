# The part of Chef Infra Client 16 that this cookbook may use, by its documentation: words of the languages, and resources
# with their properties and actions. A word that is not here stops the harness.
module Chef16
  COMMON = %i(action ignore_failure not_if notifies only_if retries retry_delay sensitive subscribes umask).freeze

  RESOURCES = {
    package: [%i(allow_downgrade arch default_release flush_cache gem_binary homebrew_user options overwrite_config_files package_name response_file response_file_variables source timeout version), %i(install upgrade remove purge lock unlock reconfig nothing)],
    apt_package: [%i(default_release options overwrite_config_files package_name response_file response_file_variables source timeout version), %i(install upgrade remove purge lock unlock reconfig nothing)],
    dpkg_package: [%i(allow_downgrade options package_name response_file response_file_variables source timeout version), %i(install upgrade remove purge nothing)],
    directory: [%i(group inherits mode owner path recursive rights), %i(create delete nothing)],
    file: [%i(atomic_update backup checksum content force_unlink group inherits manage_symlink_source mode owner path rights verify), %i(create create_if_missing delete touch nothing)],
    remote_file: [%i(atomic_update authentication backup checksum content force_unlink ftp_active_mode group headers http_options inherits manage_symlink_source mode owner path remote_domain remote_password remote_user rights show_progress source ssl_verify_mode use_conditional_get use_etags use_last_modified verify), %i(create create_if_missing delete touch nothing)],
    apt_update: [%i(frequency), %i(update periodic nothing)],
    log: [%i(level message), %i(write nothing)],
    service: [%i(init_command options parameters pattern priority reload_command restart_command run_levels service_name start_command status_command stop_command supports timeout user), %i(disable enable mask nothing reload restart start stop unmask)],
  }.freeze

  # What values are, where Chef's resources say so. Others are taken as they come.
  TYPES = {
    action: [Symbol, Array], allow_downgrade: [true, false], checksum: [String], content: [String], frequency: [Integer], group: [String, Integer], level: [Symbol], message: [String],
    mode: [String, Integer], options: [String, Array], owner: [String, Integer], path: [String], recursive: [true, false], sensitive: [true, false], supports: [Hash], version: [String, Array],
  }.freeze

  # Methods of every resource, which no property may replace.
  OF_EVERY_RESOURCE = %i(action cookbook_name delayed_notifications events identity ignore_failure immediate_notifications lookup_provider_constant node not_if notifies only_if params provider recipe_name resources retries retry_delay run_action run_context sensitive shell_out source_line state_for_resource_reporter subscribes umask updated updated_by_last_action validate).freeze

  # Resources of Chef's whose classes take the place of Ruby's own constants in a custom resource.
  SHADOWS = %i(Directory Execute File Group Link Log Mount Package Script Service Template User).freeze

  METADATA = %i(chef_version depends description eager_load_libraries gem issues_url license maintainer maintainer_email name ohai_version privacy provides source_url supports version).freeze

  PROPERTY_OPTIONS = %i(callbacks coerce default default_description deprecated description desired_state equal_to identity instance_variable_name introduced kind_of name_property regex required respond_to sensitive validation_message).freeze
end
