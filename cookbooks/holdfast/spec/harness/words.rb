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
    log: [%i(level message), %i(write nothing)],
    service: [%i(init_command options parameters pattern priority reload_command restart_command run_levels service_name start_command status_command stop_command supports timeout user), %i(disable enable mask nothing reload restart start stop unmask)],
  }.freeze

  METADATA = %i(chef_version depends description eager_load_libraries gem issues_url license maintainer maintainer_email name ohai_version privacy provides source_url supports version).freeze

  PROPERTY_OPTIONS = %i(callbacks coerce default default_description deprecated description desired_state equal_to identity instance_variable_name introduced kind_of name_property regex required respond_to sensitive validation_message).freeze
end
