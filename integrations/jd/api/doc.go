// Package api holds JD's wire types as the POP documents of the routerjson gateway name them, misspellings and all, and scalars that
// take each value in every form JD has been seen to send it. It decides nothing.
package api
