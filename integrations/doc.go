// Package integrations is the border to the outside: what every marketplace can do, said in our words, and the wrapper that paces
// and retries. Neither side's tables cross it. An adapter translates and classifies; it never decides what to sell.
package integrations
