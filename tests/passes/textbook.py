"""Derivatives as textbooks print them: expression in x, what we print, a point where all of it is defined."""

TEXTBOOK = (
    # polynomials
    ("x^3 + 2x^2 - 5x", "3*x^2 + 4*x - 5", 0.7),
    ("3x^4 - x + 7", "12*x^3 - 1", 0.7),
    ("(x^2 + 1)^5", "10*x*(x^2 + 1)^4", 0.7),
    ("(2x - 3)^4", "8*(2*x - 3)^3", 0.7),
    ("(x + 1)*(x - 2)", "2*x - 1", 0.7),
    ("(x^2 + 1)*(x^2 - 1)", "4*x^3", 0.7),
    # products
    ("x^2*sin(x)", "x^2*cos(x) + 2*x*sin(x)", 0.7),
    ("x*exp(x)", "exp(x)*(x + 1)", 0.7),
    ("exp(x)*sin(x)", "exp(x)*(sin(x) + cos(x))", 0.7),
    ("x*ln(x)", "ln(x) + 1", 0.7),
    ("sin(x)*cos(x)", "cos(2*x)", 0.7),
    ("exp(x)*(exp(x) + 1)", "exp(x) + 2*exp(2*x)", 0.7),
    # quotients
    ("1/x", "-1/x^2", 0.7),
    ("sin(x)/x", "cos(x)/x - sin(x)/x^2", 0.7),
    ("x/(x^2 + 1)", "(1 - x^2)/(x^2 + 1)^2", 0.7),
    ("(x + 1)/(x - 1)", "-2/(x - 1)^2", 0.7),
    ("exp(x)/x", "exp(x)*(x - 1)/x^2", 0.7),
    ("ln(x)/x", "(1 - ln(x))/x^2", 0.7),
    ("1/(x^2 + 1)", "-2*x/(x^2 + 1)^2", 0.7),
    # chains
    ("sin(x^2)", "2*x*cos(x^2)", 0.7),
    ("exp(-x^2)", "-2*x*exp(-x^2)", 0.7),
    ("cos(3x)", "-3*sin(3*x)", 0.7),
    ("sin(x)^2", "2*sin(x)*cos(x)", 0.7),
    ("tan(x)", "sec(x)^2", 0.7),
    ("sec(x)", "tan(x)*sec(x)", 0.7),
    # logarithms
    ("ln(x^2 + 1)", "2*x/(x^2 + 1)", 0.7),
    ("ln(sin(x))", "cot(x)", 0.7),
    ("ln(ln(x))", "1/(x*ln(x))", 1.7),
    ("log2(x)", "1/(x*ln(2))", 0.7),
    ("ln(x + sqrt(x^2 + 1))", "1/sqrt(x^2 + 1)", 0.7),
    # inverse trigonometric
    ("asin(x)", "1/sqrt(1 - x^2)", 0.7),
    ("acos(x)", "-1/sqrt(1 - x^2)", 0.7),
    ("atan(x)", "1/(x^2 + 1)", 0.7),
    ("asin(2x)", "2/sqrt(1 - 4*x^2)", 0.3),
    ("x*atan(x)", "atan(x) + x/(x^2 + 1)", 0.7),
    # hyperbolic
    ("sinh(x)", "cosh(x)", 0.7),
    ("tanh(x)", "sech(x)^2", 0.7),
    ("asinh(x)", "1/sqrt(x^2 + 1)", 0.7),
    ("atanh(x)", "1/(1 - x^2)", 0.7),
    # powers with variable exponents, roots
    ("x^x", "x^x*ln(x) + x^x", 0.7),
    ("2^x", "2^x*ln(2)", 0.7),
    ("x^n", "n*x^(n - 1)", 0.7),
    ("sqrt(x)", "1/(2*sqrt(x))", 0.7),
    ("sqrt(x^2 + 1)", "x/sqrt(x^2 + 1)", 0.7),
    ("x*sqrt(1 - x^2)", "(1 - 2*x^2)/sqrt(1 - x^2)", 0.7),
    ("1/sqrt(x)", "-1/(2*x^(3/2))", 0.7),
    ("x^(2/3)", "2/(3*x^(1/3))", 0.7),
)
