; A tour of the interpreter: four small programs.

; ---- Queens: so many on a board that none attacks another. A board is their columns, row by row.

(define (is-safe column above)
  (let loop ((above above) (distance 1))
    (or (null? above)
        (and (not (= (car above) column))
             (not (= (car above) (+ column distance)))
             (not (= (car above) (- column distance)))
             (loop (cdr above) (+ distance 1))))))

(define (queens size)
  (let row ((left size) (above '()))
    (if (= left 0)
        (list above)
        (let try ((column 1))
          (cond ((> column size) '())
                ((is-safe column above)
                 (append (row (- left 1) (cons column above)) (try (+ column 1))))
                (else (try (+ column 1))))))))

(define (show-board columns)
  (for-each (lambda (queen)
              (let square ((column 1))
                (when (<= column (length columns))
                  (display (if (= column queen) " Q" " ."))
                  (square (+ column 1))))
              (newline))
            columns))

(define boards (queens 5))
(display (length boards)) (display " boards of five queens; the first is") (newline)
(show-board (car boards))

; ---- Derivatives: formulas are lists, and what they mean is found by their form.

(define (plus a b)
  (cond ((and (number? a) (number? b)) (+ a b)) ((equal? a 0) b) ((equal? b 0) a) (else `(+ ,a ,b))))

(define (times a b)
  (cond ((and (number? a) (number? b)) (* a b))
        ((or (equal? a 0) (equal? b 0)) 0)
        ((equal? a 1) b)
        ((equal? b 1) a)
        (else `(* ,a ,b))))

(define (derivative f x)
  (cond ((number? f) 0)
        ((symbol? f) (if (eq? f x) 1 0))
        (else
         (let ((a (cadr f)) (b (caddr f)))
           (if (eq? (car f) '+)
               (plus (derivative a x) (derivative b x))
               (plus (times a (derivative b x)) (times (derivative a x) b)))))))

(define formula '(+ (* x (* x x)) (+ (* 5 (* x y)) 7)))
(newline) (display formula) (newline)
(display "changes with x as ") (display (derivative formula 'x)) (newline)

; ---- Choices: (choose items) is one of them, such that nothing fails later: a continuation goes back for the next one.

(define others '())

(define (fail)
  (if (null? others)
      (error "there is no choice left")
      (let ((next (car others)))
        (set! others (cdr others))
        (next #f))))

(define (choose items)
  (call/cc (lambda (go-on)
    (for-each (lambda (item)
                (call/cc (lambda (next)
                  (set! others (cons next others))
                  (go-on item))))
              items)
    (fail))))

(define neighbours
  '((austria germany czechia hungary italy switzerland) (germany czechia france poland switzerland)
    (czechia poland) (france italy switzerland) (italy switzerland)))

(define (colour-of country colours) (cdr (assoc country colours)))

(define (coloured countries colours)
  (if (null? countries)
      colours
      (let ((colour (choose '(red green blue yellow))) (country (car countries)))
        (for-each (lambda (row)
                    (for-each (lambda (other)
                                (when (and (equal? other country) (assoc (car row) colours)
                                           (eq? colour (colour-of (car row) colours)))
                                  (fail)))
                              (cdr row)))
                  neighbours)
        (coloured (cdr countries) (cons (cons country colour) colours)))))

(newline)
(for-each (lambda (pair) (display (car pair)) (display ": ") (display (cdr pair)) (newline))
          (reverse (coloured '(austria germany czechia france italy switzerland hungary poland) '())))

; ---- Data: what follows the program can be read by it.

(define (merge a b)
  (cond ((null? a) b)
        ((null? b) a)
        ((< (car b) (car a)) (cons (car b) (merge a (cdr b))))
        (else (cons (car a) (merge (cdr a) b)))))

(define (sort items)
  (define (halves items left right)
    (if (null? items)
        (merge (sort left) (sort right))
        (halves (cdr items) (cons (car items) right) left)))
  (if (or (null? items) (null? (cdr items))) items (halves items '() '())))

(define (read-all)
  (let ((item (read)))
    (if (eof-object? item) '() (cons item (read-all)))))

(newline)
(let ((numbers (sort (read-all))))
  (display "sorted: ") (display numbers) (newline)
  (display "median: ") (display (list-ref numbers (quotient (length numbers) 2))) (newline))

58 -3 17 4095 12 0 -250 33 71 8 640 99 5 -17 2
