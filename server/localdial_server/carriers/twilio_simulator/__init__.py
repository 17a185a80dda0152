"""A server that speaks Twilio's number API, sells what the simulated carrier sells, and fails on demand."""
