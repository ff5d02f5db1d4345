"""The Scheme interpreter: expressions have the values that the language's report gives them; mistakes are told."""

from pathlib import Path

import pytest

from assay.machines.base import Outcome, RunStatus
from tests.support.native import run_native
from tests.support.programs import run

SCHEME = Path(__file__).resolve().parents[3] / "examples" / "scheme"
TOUR = (SCHEME / "tour.scm").read_bytes()


def output_of(program: str) -> str:
    done = run_native(SCHEME, stdin=program.encode())
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("(", "a parenthesis is not closed"),
        (")", "a parenthesis is closed that is not open"),
        ('"abc', "a string has no closing quotes"),
        ("(quote", "a parenthesis is not closed"),
        ("'(1 . 2 3)", "more than one value behind a dot"),
        ("\0", "a character that starts nothing"),
        ("9999999999999999999", "a number is too large"),
        ("()", "() is no form"),
        ("(if)", "this is not how such a form looks: (if)"),
        ("(let ((x)) x)", "this is not how such a form looks: (let ((x)) x)"),
        ("(lambda (1) 1)", "this cannot be a variable: 1"),
        ("(+ 1 . 2)", "this is not how such a form looks"),
        ("((lambda () (if #t (define x 1))))", "a definition has to be at the top of a body: x"),
        ("x", "this variable has no value: x"),
        ("(set! x 1)", "this variable is not defined: x"),
        ("(letrec ((a b) (b 1)) a)", "a variable is used before it has a value"),
        ("(5 5)", "this cannot be called so: 5"),
        ("((lambda (x) x))", "a wrong number of arguments"),
        ("(car 1 2)", "a wrong number of arguments"),
        ("(car '())", "this is no pair: ()"),
        ("(length '(1 . 2))", "this is no pair: 2"),
        ('(+ 1 "2")', 'this is no number: "2"'),
        ("(quotient 1 0)", "this divides by zero"),
        ("(* 9999999999 9999999999)", "a number is too large"),
        ("(vector-ref (vector 1 2) 2)", "the vector has no such place: 2"),
        ('(substring "abc" 2 1)', 'there is no such part of "abc"'),
        ('(error "lost:" "it" (list 1 2))', 'lost: "it" (1 2)'),
        ("(define (f x) (+ 1 (f x))) (f 1)", "calls are nested too deeply"),
        ("(let loop ((l '())) (loop (cons 1 l)))", "there is not enough memory"),
        ("(" * 3000, "lists are nested too deeply"),
        ("(let* (" + "(a 1)" * 10_000 + ") a)", "the program is nested too deeply"),
        ("`(" + "1 " * 10_000 + ")", "a template is too long"),
    ],
)
def test_a_mistake_is_told_with_its_line(program: str, message: str) -> None:
    done = run_native(SCHEME, stdin=f"; a program\n(display 1)\n{program}\n(display 2)".encode())
    assert (done.returncode, done.stdout) == (1, b"1")
    assert done.stderr.startswith(b"scheme: in the form at line 3: ")
    assert message in done.stderr.decode()


def test_arguments_are_refused() -> None:
    assert run_native(SCHEME, "tour.scm").returncode == 2


@pytest.mark.parametrize("status", [0, 1, 77])
def test_a_program_chooses_its_exit_status(status: int) -> None:
    done = run_native(SCHEME, stdin=f"(display 1) (exit {status}) (display 2)".encode())
    assert (done.returncode, done.stdout, done.stderr) == (status, b"1", b"")


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        # Numbers
        ("(list (+) (+ 1 2 3) (- 5) (- 10 1 2) (* 2 3 4))", "(0 6 -5 7 24)"),
        ("(list (quotient -7 2) (remainder -7 2) (modulo -7 2) (modulo 7 -2) (modulo 6 3))", "(-3 -1 1 -1 0)"),
        ("(list (< 1 2 3) (< 1 3 2) (= 1 1 1) (<= 1 1 2) (>= 2 1 1) (> 3 2 2))", "(#t #f #t #t #t #f)"),
        # Values and what they are
        ('\'(a "b\\"c\\n" #t #f 12 -5 () (1 . 2) (1 2 . 3))', '(a "b\\"c\\n" #t #f 12 -5 () (1 . 2) (1 2 . 3))'),
        ("(list (eq? 'a 'a) (eq? '(1) '(1)) (equal? '(1 (2)) '(1 (2))))", "(#t #f #t)"),
        ('(list (equal? "ab" "ab") (equal? (vector 1 "x") (vector 1 "x")) (equal? 1 2))', "(#t #t #f)"),
        ("(map procedure? (list car map (lambda () 1) 'car))", "(#t #t #t #f)"),
        ("(list (null? '()) (pair? '()) (symbol? 'a) (string? \"\") (number? 1) (not '()))", "(#t #f #t #t #t #f)"),
        # Forms
        ("(list (and) (or) (and 1 2) (and #f (car '())) (or #f 3) (or 1 (car '())))", "(#t #f 2 #f 3 1)"),
        ("(cond (#f 1) ((assoc 2 '((2 . x)))) (else 3))", "(2 . x)"),
        ("(list (cond (#f 1) (else 2 3)) (when #t 1 2) (unless #f 4 5))", "(3 2 5)"),
        ("(let ((x 1)) (let ((x 2) (y x)) (list x y)))", "(2 1)"),
        ("(let* ((x 1) (y (+ x 1)) (x (* 10 y))) (list x y))", "(20 2)"),
        (
            "(letrec ((even (lambda (n) (or (= n 0) (odd (- n 1)))))"
            "         (odd (lambda (n) (and (> n 0) (even (- n 1)))))) (even 9))",
            "#f",
        ),
        ("(let loop ((n 5) (l '())) (if (= n 0) l (loop (- n 1) (cons n l))))", "(1 2 3 4 5)"),
        ("`(1 ,(+ 1 1) ,@(list 3 4) (5 ,'x) . 6)", "(1 2 3 4 (5 x) . 6)"),
        ("((lambda (a . rest) (list a rest)) 1 2 3)", "(1 (2 3))"),
        ("((lambda all all) 1 2)", "(1 2)"),
        ("(let ((if list) (quote +)) (if 1 2 3))", "(1 2 3)"),
        ("(begin (define (((curried a) b) c) (list a b c)) (((curried 1) 2) 3))", "(1 2 3)"),
        # Procedures
        ("(apply + 1 2 '(3 4))", "10"),
        ("(map + '(1 2) '(10 20))", "(11 22)"),
        (
            "(list (append '(1) '(2 3) '() '(4)) (append) (append '(1) 2) (reverse '(1 2 3)))",
            "((1 2 3 4) () (1 . 2) (3 2 1))",
        ),
        ("(list (filter pair? '(1 (2) ())) (fold-left - 10 '(1 2 3)) (member 2 '(1 2 3)))", "(((2)) 4 (2 3))"),
        ('(list (string-append "a" "" "bc") (substring "hello" 1 3) (number->string -12))', '("abc" "el" "-12")'),
        ('(list (symbol->string \'abc) (string->symbol "x y") (string-length "äb"))', '("abc" x y 3)'),
        (
            "(let ((v (make-vector 3 0))) (vector-set! v 1 'x) (list v (vector-length v) (vector-ref v 1)))",
            "(#(0 x 0) 3 x)",
        ),
        ("(let ((p (list 1 2))) (set-car! p 'a) (set-cdr! p '(b)) p)", "(a b)"),
        # Continuations
        ("(+ 1 (call/cc (lambda (k) (+ 10 (k 1)))))", "2"),
        ("(let ((n 0) (back #f)) (call/cc (lambda (k) (set! back k))) (set! n (+ n 1)) (if (< n 5) (back 0) n))", "5"),
    ],
)
def test_an_expression_has_its_value(expression: str, written: str) -> None:
    assert output_of(f"(write {expression})") == written


def test_counters_keep_numbers_of_their_own() -> None:
    make = "(define (make) (let ((n 0)) (lambda () (set! n (+ n 1)) n)))"
    assert output_of(f"{make} (define a (make)) (define b (make)) (a) (a) (display (list (a) (b)))") == "(3 1)"


def test_a_loop_of_tail_calls_runs_in_constant_space() -> None:
    assert (
        output_of("(define (loop n) (cond ((= n 0) 'done) (else (loop (- n 1))))) (display (loop 3000000))") == "done"
    )


def test_calls_may_be_nested_deeply() -> None:
    assert output_of("(define (sum n) (if (= n 0) 0 (+ n (sum (- n 1))))) (display (sum 500000))") == "125000250000"


def test_what_is_in_use_survives_when_memory_is_collected() -> None:
    program = """
    (define kept (map (lambda (n) (vector n (number->string n) (lambda () n))) '(1 2 3)))
    (define (waste n) (unless (= n 0) (make-vector 100 (list n n)) (string-append "a" "b") (waste (- n 1))))
    (define (check n) (if (= n 0) 0 (let ((local (list n n))) (waste 3000) (+ (length local) (check (- n 1))))))
    (write (list (call/cc (lambda (k) (waste 30000) (k 'back))) (check 10)
                 (map (lambda (v) (list (vector-ref v 0) (vector-ref v 1) ((vector-ref v 2)))) kept)))
    """
    assert output_of(program) == '(back 20 ((1 "1" 1) (2 "2" 2) (3 "3" 3)))'


def test_data_can_follow_the_form_that_reads_it() -> None:
    assert output_of('(write (list (read) (read))) (a . 1) "b" (write (eof-object? (read)))') == '((a . 1) "b")#t'


def is_board(board: list[int]) -> bool:
    """Whether no queen attacks another."""
    ways = [{column + sign * row for row, column in enumerate(board)} for sign in (0, 1, -1)]
    return all(len(way) == len(board) for way in ways)


def test_the_tour_finds_what_python_finds() -> None:
    board, derivative, colours, numbers = (part.splitlines() for part in output_of(TOUR.decode()).split("\n\n"))
    columns = [line.split().index("Q") for line in board[1:]]
    assert board[0].startswith("10 boards")
    assert is_board(columns)
    assert len(columns) == 5

    assert derivative == [
        "(+ (* x (* x x)) (+ (* 5 (* x y)) 7))",
        "changes with x as (+ (+ (* x (+ x x)) (* x x)) (* 5 y))",
    ]
    colour = dict(line.split(": ") for line in colours)
    assert len(colour) == 8
    borders = [("austria", "germany"), ("austria", "italy"), ("germany", "france"), ("italy", "switzerland")]
    assert all(colour[one] != colour[other] for one, other in borders)

    data = sorted(map(int, TOUR.splitlines()[-1].split()))
    assert numbers == [f"sorted: ({' '.join(map(str, data))})", f"median: {data[len(data) // 2]}"]


@pytest.mark.parametrize(
    "program",
    [
        TOUR.replace(b"(queens 5)", b"(queens 4)"),
        b"(display (let loop ((n 140)) (if (= n 0) 'done (begin (make-vector 1000 n) (loop (- n 1))))))",
        b"(display 1) (car 5)",
    ],
    ids=["the tour", "collecting", "a mistake"],
)
def test_the_machine_runs_a_program_as_this_computer_does(program: bytes) -> None:
    done = run_native(SCHEME, stdin=program)
    assert run(SCHEME, stdin=program) == Outcome(RunStatus.EXITED, done.returncode, done.stdout, done.stderr)
