"""Pictures of many real models, drawn without any option, and what is wrong with each."""
