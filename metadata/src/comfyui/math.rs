//! Numbers that nodes calculate from numbers: `a + b`, or an expression in a text. Knows no links.

/// The value of an expression of numbers, `+ - * / % // **`, brackets and names; `None` for any other.
pub(super) fn value(expression: &str, name: &dyn Fn(&str) -> Option<f64>) -> Option<f64> {
    const EXPRESSION_BYTES_MAX: usize = 256;
    if expression.len() > EXPRESSION_BYTES_MAX {
        return None;
    }
    let mut reader = Reader { rest: expression, name, depth: 0 };
    let value = reader.sum()?;
    (reader.rest.trim().is_empty() && value.is_finite()).then_some(value)
}

/// The value of an operation that a node names in words or signs.
pub(super) fn operation(name: &str, a: f64, b: f64) -> Option<f64> {
    let value = match name.to_ascii_lowercase().as_str() {
        "add" | "addition" | "+" | "a+b" | "a + b" | "sum" => a + b,
        "sub" | "subtract" | "subtraction" | "-" | "a-b" | "a - b" => a - b,
        "mul" | "multiply" | "multiplication" | "*" | "a*b" | "a * b" => a * b,
        "div" | "divide" | "division" | "/" | "a/b" | "a / b" => a / b,
        "floordiv" | "floor division" | "//" | "a//b" => (a / b).floor(),
        "mod" | "modulo" | "modulus" | "%" => a.rem_euclid(b),
        "pow" | "power" | "exponent" | "**" | "^" => a.powf(b),
        "min" | "minimum" => a.min(b),
        "max" | "maximum" => a.max(b),
        _ => return None,
    };
    value.is_finite().then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
    name: &'a dyn Fn(&str) -> Option<f64>,
    depth: u32,
}

impl Reader<'_> {
    fn eat(&mut self, sign: &str) -> bool {
        self.rest = self.rest.trim_start();
        let eaten = self.rest.strip_prefix(sign);
        self.rest = eaten.unwrap_or(self.rest);
        eaten.is_some()
    }

    fn sum(&mut self) -> Option<f64> {
        let mut value = self.product()?;
        loop {
            if self.eat("+") {
                value += self.product()?;
            } else if self.eat("-") {
                value -= self.product()?;
            } else {
                return Some(value);
            }
        }
    }

    fn product(&mut self) -> Option<f64> {
        let mut value = self.power()?;
        loop {
            if self.eat("//") {
                value = (value / self.power()?).floor();
            } else if self.eat("*") {
                value *= self.power()?;
            } else if self.eat("/") {
                value /= self.power()?;
            } else if self.eat("%") {
                value = value.rem_euclid(self.power()?);
            } else {
                return Some(value);
            }
        }
    }

    fn power(&mut self) -> Option<f64> {
        let value = self.atom()?;
        if self.eat("**") { Some(value.powf(self.atom()?)) } else { Some(value) }
    }

    fn atom(&mut self) -> Option<f64> {
        const DEPTH_MAX: u32 = 16;
        if self.depth >= DEPTH_MAX {
            return None;
        }
        if self.eat("-") {
            self.depth += 1;
            let value = self.atom();
            self.depth -= 1;
            return value.map(|value| -value);
        }
        if self.eat("(") {
            self.depth += 1;
            let value = self.sum()?;
            self.depth -= 1;
            return self.eat(")").then_some(value);
        }
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_');
        let len = self.rest.find(|letter: char| !is_part(letter)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(len);
        self.rest = rest;
        if word.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
            word.parse().ok()
        } else {
            (self.name)(word)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_follow_the_usual_order() {
        let name = |word: &str| match word {
            "a" => Some(8.0),
            "b" => Some(0.5),
            _ => None,
        };
        for (expression, expected) in [
            ("a*b", Some(4.0)),
            ("1 + 2 * 3", Some(7.0)),
            ("(1 + 2) * -a", Some(-24.0)),
            ("7 // 2 + 7 % 4", Some(6.0)),
            ("2 ** 3", Some(8.0)),
            ("a / 0", None),
            ("c", None),
            ("round(a)", None),
            ("", None),
        ] {
            assert_eq!(value(expression, &name), expected, "{expression}");
        }
        assert_eq!(value(&"(".repeat(250), &name), None);
        assert_eq!(operation("Multiply", 3.0, 4.0), Some(12.0));
        assert_eq!(operation("divide", 3.0, 0.0), None);
    }
}
