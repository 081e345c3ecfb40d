"""What is declared of the endpoints: their words, parameters, answers, and the shapes of bodies."""
