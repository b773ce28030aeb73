//! Huffman codes of JPEG, read from bytes without stuffing. Values that a reduced picture does not
//! need are skipped several at a time.

/// Bits that are looked up at once for a value; longer codes are rare.
const LOOKED_UP: u32 = 10;
/// Bits that are looked up at once to skip values.
const SKIPPED: u32 = 12;

/// The scan's bytes did not make sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Damaged;

/// One table of codes.
pub(super) struct Table {
    /// By the next bits: symbol, and bits of its code; of 0 bits when the code is longer.
    symbols: Vec<(u8, u8)>,
    /// By the next bits, for AC values whose code and value fit: value, run, and bits of both; of 0
    /// bits when they do not fit.
    values: Vec<(i16, u8, u8)>,
    /// By the next bits: what all symbols that fit do together.
    skips: Vec<Skip>,
    /// First code of each length above those looked up, aligned to 16 bits, its end, and where its
    /// symbols begin.
    long: [(u32, u32, usize); 17],
    all: Vec<u8>,
}

/// Several symbols at once.
#[derive(Clone, Copy, Default)]
struct Skip {
    /// Bits of all; 0 when not even one fits.
    n_bits: u8,
    /// Places they move on.
    n_places: u8,
    /// Whether the last of them ends the block.
    is_end: bool,
}

impl Table {
    /// From the number of codes of each length 1 to 16, and their symbols in order; `None` when the
    /// codes do not fit into their lengths.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            symbols: vec![(0, 0); 1 << SKIPPED],
            values: vec![(0, 0, 0); 1 << LOOKED_UP],
            skips: vec![Skip::default(); 1 << SKIPPED],
            long: [(0, 0, 0); 17],
            all: symbols.to_vec(),
        };
        let (mut code, mut nth) = (0u32, 0usize);
        for length in 1..=16u32 {
            let n = usize::from(counts[length as usize - 1]);
            let first = code;
            for symbol in symbols.get(nth..nth + n)? {
                if code >= 1 << length {
                    return None;
                }
                if length <= SKIPPED {
                    let from = (code << (SKIPPED - length)) as usize;
                    table.symbols[from..from + (1 << (SKIPPED - length))].fill((*symbol, length as u8));
                }
                code += 1;
            }
            let shift = 16 - length;
            table.long[length as usize] = (first << shift, code << shift, nth);
            nth += n;
            code <<= 1;
        }
        table.fill_values();
        table.fill_skips();
        Some(table)
    }

    fn fill_values(&mut self) {
        for bits in 0..1u32 << LOOKED_UP {
            let (symbol, n_code) = self.symbols[(bits << (SKIPPED - LOOKED_UP)) as usize];
            let (run, size) = (symbol >> 4, u32::from(symbol & 15));
            let n = u32::from(n_code) + size;
            if n_code == 0 || size == 0 || n > LOOKED_UP {
                continue;
            }
            let raw = (bits >> (LOOKED_UP - n)) & ((1 << size) - 1);
            self.values[bits as usize] = (extend(raw, size) as i16, run, n as u8);
        }
    }

    fn fill_skips(&mut self) {
        for bits in 0..1u32 << SKIPPED {
            let mut skip = Skip::default();
            while !skip.is_end {
                let rest = (bits << skip.n_bits) & ((1 << SKIPPED) - 1);
                let (symbol, n_code) = self.symbols[rest as usize];
                let n = n_code + (symbol & 15);
                let n_places = if symbol == 0 { 0 } else { (symbol >> 4) + 1 };
                if n_code == 0 || u32::from(skip.n_bits + n) > SKIPPED || skip.n_places + n_places > 63 {
                    break;
                }
                skip.n_bits += n;
                skip.n_places += n_places;
                skip.is_end = symbol == 0;
            }
            self.skips[bits as usize] = skip;
        }
    }
}

/// The number that `size` raw bits stand for.
fn extend(raw: u32, size: u32) -> i32 {
    if size == 0 {
        return 0;
    }
    let raw = raw as i32;
    if raw < 1 << (size - 1) { raw - (1 << size) + 1 } else { raw }
}

/// Bits of one stretch of a scan.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    buffer: u64,
    n: u32,
}

/// Where reading was left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paused {
    at: usize,
    buffer: u64,
    n: u32,
}

/// Bytes of zeros that stand behind a stretch, so that it can be read in words.
pub(super) const PADDING: usize = 16;

impl<'a> Bits<'a> {
    /// `bytes` end with [`PADDING`] zeros that are no part of them.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, buffer: 0, n: 0 }
    }

    pub(super) fn pause(&self) -> Paused {
        Paused { at: self.at, buffer: self.buffer, n: self.n }
    }

    /// Goes on where it was left in the same bytes.
    pub(super) fn resume(&mut self, paused: Paused) {
        (self.at, self.buffer, self.n) = (paused.at, paused.buffer, paused.n);
    }

    /// At least 48 bits are at hand then; zeros behind the end.
    #[inline(always)]
    fn refill(&mut self) {
        let word = self.bytes.get(self.at..self.at + 8).and_then(|word| word.try_into().ok());
        let word = u64::from_be_bytes(word.unwrap_or_default());
        self.buffer |= word >> self.n;
        self.at += ((63 - self.n) >> 3) as usize;
        self.n |= 56;
    }

    /// Whether more was read than there was.
    pub(super) fn is_past_end(&self) -> bool {
        let n_read = self.at.saturating_mul(8).saturating_sub(self.n as usize);
        n_read > self.bytes.len().saturating_sub(PADDING) * 8
    }

    #[inline(always)]
    fn peek(&self, n: u32) -> usize {
        (self.buffer >> (64 - n)) as usize
    }

    #[inline(always)]
    fn drop_bits(&mut self, n: u32) {
        self.buffer <<= n;
        self.n -= n;
    }

    #[inline(always)]
    fn symbol(&mut self, table: &Table) -> Result<u8, Damaged> {
        let (symbol, n) = table.symbols[self.peek(SKIPPED)];
        if n != 0 {
            self.drop_bits(u32::from(n));
            return Ok(symbol);
        }
        self.long_symbol(table)
    }

    #[cold]
    fn long_symbol(&mut self, table: &Table) -> Result<u8, Damaged> {
        let bits = self.peek(16) as u32;
        for length in SKIPPED + 1..=16 {
            let (first, end, nth) = table.long[length as usize];
            if (first..end).contains(&bits) {
                let symbol = table.all.get(nth + ((bits - first) >> (16 - length)) as usize);
                self.drop_bits(length);
                return symbol.copied().ok_or(Damaged);
            }
        }
        Err(Damaged)
    }

    #[inline(always)]
    fn value(&mut self, size: u32) -> i32 {
        if size == 0 {
            return 0;
        }
        let raw = self.peek(size) as u32;
        self.drop_bits(size);
        extend(raw, size)
    }

    /// The difference of a block's first value to the block before.
    #[inline(always)]
    pub(super) fn difference(&mut self, table: &Table) -> Result<i32, Damaged> {
        self.refill();
        let size = u32::from(self.symbol(table)?);
        if size > 15 {
            return Err(Damaged);
        }
        Ok(self.value(size))
    }

    /// The other values of a block: `take` gets the place in zigzag order and the value of those up to
    /// and with `last`; the rest is skipped.
    #[inline(always)]
    pub(super) fn values(
        &mut self,
        table: &Table,
        last: usize,
        mut take: impl FnMut(usize, i32),
    ) -> Result<(), Damaged> {
        let mut place = 1;
        while place <= last {
            self.refill();
            let (value, run, n) = table.values[self.peek(LOOKED_UP)];
            let (value, run) = if n != 0 {
                self.drop_bits(u32::from(n));
                (i32::from(value), run)
            } else {
                let symbol = self.symbol(table)?;
                if symbol == 0 {
                    return Ok(());
                }
                (self.value(u32::from(symbol & 15)), symbol >> 4)
            };
            place += usize::from(run);
            if value != 0 && place <= last {
                take(place, value);
            }
            place += 1;
        }
        self.skip_from(table, place)
    }

    /// To the end of the block.
    #[inline(always)]
    fn skip_from(&mut self, table: &Table, mut place: usize) -> Result<(), Damaged> {
        while place < 64 {
            self.refill();
            let skip = table.skips[self.peek(SKIPPED)];
            let next = place + usize::from(skip.n_places);
            // Nothing behind the last place may be taken for a part of this block.
            if skip.n_bits != 0 && (next < 64 || (next == 64 && !skip.is_end)) {
                self.drop_bits(u32::from(skip.n_bits));
                if skip.is_end {
                    return Ok(());
                }
                place = next;
                continue;
            }
            let symbol = self.symbol(table)?;
            if symbol == 0 {
                return Ok(());
            }
            self.drop_bits(u32::from(symbol & 15));
            place += usize::from(symbol >> 4) + 1;
        }
        Ok(())
    }
}
