// Package demo is an invented brand to try the program with: its catalog, places, members and stock, brought in through the use cases
// like anybody's, and buyers and staff who keep it busy. Nothing in it is anybody's: no real person, address or brand.
package demo

// Code and Name are those of the demo brand.
const (
	Code = "demo"
	Name = "榛屿 Hazelisle"
)

// system is the name under which the demo's own references are known.
const system = "demo"
