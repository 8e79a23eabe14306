"""The pages and their parts. Everything about models is done by ``modelviz`` itself."""
