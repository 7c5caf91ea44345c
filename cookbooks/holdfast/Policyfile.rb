# A policy for machines that are nodes of a Holdfast cluster.
name 'holdfast'

default_source :supermarket

cookbook 'holdfast', path: '.'

run_list 'holdfast::server'
