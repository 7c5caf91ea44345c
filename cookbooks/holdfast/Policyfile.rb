# A policy for machines that are nodes of a Holdfast cluster. The cookbook depends on no other, so no source is named.
name 'holdfast'

cookbook 'holdfast', path: '.'

run_list 'holdfast::server'
