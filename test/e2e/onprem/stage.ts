// Bare lab machines and a project with a cdktf.json for the suite of the stack onprem.
export {};
