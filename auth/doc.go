// Package auth answers who is asking: it verifies JSON Web Tokens and puts the resolved Viewer into the context.
package auth
